// The view of the request as code in several languages, to copy or save.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { save } from '../request/files.ts';
import { request } from '../state.ts';
import { text } from '../text/text.ts';
import { copy } from '../ui/copy.ts';
import { Tabs } from '../ui/parts.tsx';
import { asCode } from './as-code.ts';
import { REQUEST_FILE } from './snippet.ts';

const selected = signal('curl');

/** Where the service is, as the page has it. */
const origin = () => new URL('.', document.baseURI).href.replace(/\/$/, '');

export default function CodeView(): JSX.Element {
  const t = text.value.code;
  const of = request.value;
  const snippets = useMemo(() => asCode(of as GradientsRequest, origin(), t), [of, t]);
  const { label, file, text: program, note } = snippets.find((each) => each.label === selected.value) ?? snippets[0];
  const id = (label: string) => `code-${label}`;
  return (
    <section id="code" aria-labelledby="tab-code">
      <p class="hint">{t.intro}</p>
      <Tabs
        label={t.languages}
        tabs={snippets.map((each) => ({ id: id(each.label), label: each.label }))}
        selected={id(label)}
        panel="code-panel"
        select={(chosen) => (selected.value = snippets.find((each) => id(each.label) === chosen)?.label ?? label)}
      />
      <div id="code-panel" role="tabpanel" aria-labelledby={`tab-${id(label)}`}>
        <div class="actions">
          <code id="code-file">{file}</code>
          <button type="button" id="copy-code" onClick={() => copy(program, label)}>
            {t.copy}
          </button>
          <button type="button" id="save-code" onClick={() => save(file, program)}>
            {t.save}
          </button>
          <button type="button" id="save-request" onClick={() => save(REQUEST_FILE, JSON.stringify(of))}>
            {t.saveRequest}
          </button>
        </div>
        {note && (
          <p id="code-note" class="hint">
            {note}
          </p>
        )}
        <pre id="code-scroller" tabIndex={0}>
          <code id="code-text">{program}</code>
        </pre>
      </div>
    </section>
  );
}
