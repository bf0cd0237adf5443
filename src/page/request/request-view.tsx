// The view of the request: examples, its form or its JSON, and what can be done with it.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { copyLink } from '../history.ts';
import { answered, phase, progress, visit } from '../state.ts';
import { text } from '../text/text.ts';
import { Tabs } from '../ui/parts.tsx';
import { Build } from './build-fields.tsx';
import { openFile, save } from './files.ts';
import { Form } from './form.tsx';
import { JsonEditor } from './json-editor.tsx';
import { focusField, mode, wanted } from './reveal.ts';
import { compute, sendingHint } from './sending.ts';

export default function RequestView(): JSX.Element {
  const t = text.value.request;
  const panel = useRef<HTMLDivElement>(null);
  const pointer = wanted.value;
  useEffect(() => {
    if (pointer === undefined || mode.value !== 'form' || !panel.current) return;
    if (focusField(panel.current, pointer)) wanted.value = undefined;
    else mode.value = 'json';
  }, [pointer, mode.value]);
  const modes = [
    { id: 'form', label: t.form },
    { id: 'json', label: t.json },
  ];
  const current = visit.value.draft === undefined ? mode.value : 'json';
  return (
    <section id="request" aria-labelledby="tab-request">
      <Tabs label={t.editAs} tabs={modes} selected={current} panel="request-panel" select={(id) => (mode.value = id as 'form')} />
      <div class="actions">
        <button type="button" id="compute" class="primary" disabled={progress.value !== undefined} onClick={compute}>
          {t.compute}
        </button>
        <button type="button" id="copy-link" onClick={copyLink}>
          {t.copyLink}
        </button>
        <button
          type="button"
          id="save-answer"
          disabled={!answered.value}
          onClick={() => save('answer.json', JSON.stringify(answered.value?.answer))}
        >
          {t.saveAnswer}
        </button>
        <label class="button">
          {t.openFile}
          <input
            type="file"
            id="file"
            accept=".json,.safetensors,.pt,.pth,.h5,.keras,application/json"
            class="unseen"
            onChange={async ({ currentTarget }) => {
              await openFile(currentTarget.files?.[0]);
              currentTarget.value = '';
            }}
          />
        </label>
        <span class="hint" id="compute-hint" role="status">
          {phase.value === 'unreadable' ? t.unreadable : sendingHint.value}
        </span>
      </div>
      <Build />
      <div id="request-panel" role="tabpanel" aria-labelledby={`tab-${current}`} ref={panel}>
        {current === 'form' ? <Form /> : <JsonEditor />}
      </div>
    </section>
  );
}
