// The request as JSON, with every error at its line.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { change, phase, problem, request, source, update, visit } from '../state.ts';
import { text } from '../text/text.ts';
import { LinkButton } from '../ui/parts.tsx';
import type { Editor, Marked } from './codemirror.ts';
import { syntaxFault } from './json-syntax.ts';
import { format, lineOf, offsetOf } from './json-text.ts';
import { wanted } from './reveal.ts';

/** A longer text is shown only when somebody asks for it, in characters. */
const LONG = 300_000;

/** How long nothing is typed before the text counts, in milliseconds. */
const PAUSE = 350;

export function JsonEditor(): JSX.Element {
  const t = text.value.request;
  const [anyway, setAnyway] = useState(false);
  const length = JSON.stringify(request.value)?.length ?? 0;
  if (length > LONG && !anyway) {
    return (
      <p>
        {t.jsonSize((length / 1e6).toFixed(1))} <LinkButton onClick={() => setAnyway(true)}>{t.jsonShow}</LinkButton>
      </p>
    );
  }
  return <Loaded />;
}

function Loaded(): JSX.Element {
  const t = text.value.request;
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor>(undefined);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);
  const current = request.value;
  const { draft } = visit.value;
  useEffect(() => {
    let [ended, waiting] = [false, undefined as ReturnType<typeof setTimeout> | undefined];
    const changed = (typed: string) => {
      clearTimeout(waiting);
      phase.value = 'waiting';
      waiting = setTimeout(() => read(typed), PAUSE);
    };
    const open = async () => {
      const { openEditor } = await import('./codemirror.ts');
      if (ended || !host.current) return;
      editor.current = openEditor({ host: host.current, text: draft ?? format(current), label: t.jsonLabel, changed });
      setReady(true);
    };
    open().catch(() => setFailed(true));
    return () => {
      ended = true;
      clearTimeout(waiting);
      // What was typed last counts, too.
      if (editor.current && phase.peek() === 'waiting') read(editor.current.text);
      editor.current?.end();
    };
  }, []);
  // A request that was changed elsewhere replaces the text; so does one that undo brings back.
  useEffect(() => {
    if (source.peek() !== 'json' && draft === undefined) editor.current?.replace(format(current));
  }, [current]);
  const shown = draft ?? (ready ? (editor.current?.text ?? '') : '');
  const errors = errorsOf(shown);
  const listed = errors.map(({ detail }) => detail).join('\n');
  useEffect(() => editor.current?.mark(errors), [listed, ready]);
  const pointer = wanted.value;
  useEffect(() => {
    if (!ready || pointer === undefined) return;
    editor.current?.select(offsetOf(shown, pointer));
    wanted.value = undefined;
  }, [ready, pointer]);
  return (
    <>
      <div id="json" ref={host} class="cm-host" />
      {failed && <p class="error">{text.value.ui.loadFailed}</p>}
      <ul id="json-errors" class="error">
        {errors.map(({ offset, detail }) => (
          <li key={detail}>
            <LinkButton onClick={() => editor.current?.select(offset)}>{t.line(lineOf(shown, offset))}</LinkButton> {detail}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Takes a text: as the request if it parses, otherwise as a draft with its fault. */
function read(typed: string): void {
  const fault = syntaxFault(typed, text.peek().request.syntax);
  if (fault) {
    update({ draft: typed });
    phase.value = 'unreadable';
    problem.value = undefined;
  } else change(JSON.parse(typed), 'json');
}

/** What is wrong with a text: where it stops being JSON, or what the service says of it. */
function errorsOf(shown: string): Marked[] {
  if (shown === '') return [];
  const fault = syntaxFault(shown, text.value.request.syntax);
  if (fault) return [fault];
  const errors = problem.value?.errors ?? [];
  return errors.map(({ pointer, detail }) => ({ detail: `${pointer}: ${detail}`, offset: offsetOf(shown, pointer) }));
}
