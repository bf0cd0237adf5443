// A network by its sizes, and how networks of other libraries are opened.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { change, request } from '../state.ts';
import { text } from '../text/text.ts';
import { readSizes, withSizes, writeSizes } from './build.ts';
import { shownConversions } from './conversions.ts';
import { isRequest } from './edit.ts';

export function Build(): JSX.Element | null {
  const t = text.value.imports;
  const current = request.value;
  const [typed, setTyped] = useState<string>();
  if (!isRequest(current)) return null;
  const sizes = typed === undefined ? undefined : readSizes(typed);
  const isWrong = typed !== undefined && sizes === undefined;
  const build = (event: Event) => {
    event.preventDefault();
    if (!sizes) return;
    setTyped(undefined);
    change(withSizes(current, sizes), 'form');
  };
  return (
    <>
      <form class="actions" id="build" onSubmit={build}>
        <label class="inline" title={t.sizesHint}>
          {t.sizes}
          <input
            type="text"
            id="sizes"
            value={typed ?? writeSizes(current)}
            aria-invalid={isWrong}
            aria-describedby={isWrong ? 'sizes-error' : undefined}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={!sizes}>
          {t.build}
        </button>
        {isWrong && (
          <p class="error" id="sizes-error">
            {t.sizesWrong}
          </p>
        )}
      </form>
      <details id="models">
        <summary>{t.models}</summary>
        <p class="hint">{t.modelsHint}</p>
        <dl>
          {shownConversions.map(({ file, line }) => (
            <div key={file}>
              <dt>{file}</dt>
              <dd>
                <code>{line}</code>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
