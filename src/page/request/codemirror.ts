// CodeMirror for JSON, loaded when the JSON editor is first shown. In a shadow root, where it needs no style element: the page's
// Content-Security-Policy admits none.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** An error at an offset of the text. */
export interface Marked {
  readonly offset: number;
  readonly detail: string;
}

export interface Editor {
  readonly text: string;
  /** Takes another text, unless it has it. */
  replace(text: string): void;
  mark(errors: readonly Marked[]): void;
  /** Puts the cursor at an offset, and selects the rest of its line. */
  select(offset: number): void;
  end(): void;
}

const theme = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', color: 'var(--ink)', backgroundColor: 'var(--panel)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', overflow: 'auto' },
  '.cm-gutters': { color: 'var(--muted)', backgroundColor: 'var(--panel)', borderRight: '1px solid var(--line)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--accent) 25%, transparent)',
  },
  // In place of images in data: URLs, which the policy does not admit.
  '.cm-lint-marker-error': { content: '"●"', color: 'var(--error)', textAlign: 'center', lineHeight: '1' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--error)' },
  '.cm-tooltip': { color: 'var(--ink)', backgroundColor: 'var(--panel)', border: '1px solid var(--strong-line)' },
});

const highlighting = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--positive-text)' },
  { tag: tags.string, color: 'var(--negative-text)' },
]);

interface Options {
  readonly host: HTMLElement;
  readonly text: string;
  readonly label: string;
  /** Called with every text that is typed. */
  changed(text: string): void;
}

/** Opens an editor in the shadow root of its host. */
export function openEditor({ host, text, label, changed }: Options): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  let replacing = false;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        json(),
        theme,
        syntaxHighlighting(highlighting),
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged && !replacing) changed(state.doc.toString());
        }),
      ],
    }),
  });
  return {
    get text() {
      return view.state.doc.toString();
    },
    replace(next) {
      if (next === view.state.doc.toString()) return;
      replacing = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      replacing = false;
    },
    mark(errors) {
      const { doc } = view.state;
      const diagnostics = errors.map(({ offset, detail }) => {
        const from = Math.min(offset, doc.length);
        return { from, to: Math.max(from, doc.lineAt(from).to), severity: 'error' as const, message: detail };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    select(offset) {
      const from = Math.min(offset, view.state.doc.length);
      view.dispatch({ selection: { anchor: from, head: view.state.doc.lineAt(from).to }, scrollIntoView: true });
      view.focus();
    },
    end: () => view.destroy(),
  };
}
