// Check mine: gradients of the visitor's own program, compared by the service, and the mistake that explains them.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { isRequest } from '../request/edit.ts';
import { answered, request } from '../state.ts';
import { text } from '../text/text.ts';
import { announce } from '../ui/parts.tsx';
import { ArrayTable } from './array-table.tsx';
import { chosen, comparison, pasted, reading, refusal, tolerance } from './comparison.ts';
import { Diagnoses } from './diagnoses.tsx';
import { wrongPrint } from './findings.ts';
import { placeName } from './words.ts';

export default function CheckView(): JSX.Element {
  const t = text.value.check;
  if (!isRequest(request.value)) return <p class="hint">{t.noRequest}</p>;
  return (
    <section id="check" aria-labelledby="tab-check">
      <p class="hint">{t.intro}</p>
      <Paste />
      <Verdict />
      <Diagnoses />
      <ArrayTable />
    </section>
  );
}

function Paste(): JSX.Element {
  const t = text.value.check;
  const right = answered.value;
  const paste = (content: string) => {
    chosen.value = {};
    tolerance.value = undefined;
    pasted.value = content;
  };
  return (
    <div class="paste">
      <label class="field">
        <span>{t.paste}</span>
        <textarea
          id="paste"
          rows={7}
          spellcheck={false}
          placeholder={t.placeholder}
          aria-describedby="paste-hint"
          value={pasted.value}
          onInput={({ currentTarget }) => paste(currentTarget.value)}
        />
      </label>
      <p class="hint" id="paste-hint">
        {t.pasteHint}
      </p>
      <div class="actions">
        <label class="button">
          {t.openFile}
          <input
            type="file"
            id="paste-file"
            class="unseen"
            onChange={async ({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file) paste(await file.text());
              currentTarget.value = '';
            }}
          />
        </label>
        {right && (
          <button type="button" id="try-wrong" onClick={() => paste(wrongPrint(right.run))}>
            {t.tryWrong}
          </button>
        )}
        <button type="button" id="clear-paste" disabled={pasted.value === ''} onClick={() => paste('')}>
          {t.clear}
        </button>
        <Tolerance />
      </div>
    </div>
  );
}

function Tolerance(): JSX.Element | null {
  const t = text.value.check;
  const [typed, setTyped] = useState<string>();
  const current = reading.value;
  if (!current || 'fault' in current) return null;
  const printed = `${current.read.tolerance}`;
  return (
    <label class="inline" title={t.toleranceHint(printed)}>
      {t.tolerance}
      <input
        type="text"
        inputmode="decimal"
        id="tolerance"
        value={typed ?? `${tolerance.value ?? printed}`}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onChange={({ currentTarget }) => {
          const value = Number(currentTarget.value);
          setTyped(undefined);
          tolerance.value = currentTarget.value.trim() !== '' && value >= 0 && value <= 0.1 ? value : undefined;
        }}
      />
    </label>
  );
}

/** Whether all agrees, or what cannot be read or compared. */
function Verdict(): JSX.Element | null {
  const t = text.value.check;
  const current = reading.value;
  const compared = comparison.value;
  const sentence =
    compared &&
    verdictOf(
      compared.answer.checks.map(({ agrees }) => agrees),
      t,
    );
  useEffect(() => {
    if (sentence) announce(sentence);
  }, [sentence]);
  if (!current) return null;
  if ('fault' in current)
    return (
      <p class="error" role="alert" id="paste-error">
        {current.fault(t)}
      </p>
    );
  if (refusal.value)
    return (
      <div class="error" role="alert" id="check-problem">
        <strong>{refusal.value.title}.</strong> {refusal.value.detail}
        {refusal.value.errors?.map(({ pointer, detail }) => (
          <p key={pointer}>
            <code>{pointer}</code> {detail}
          </p>
        ))}
      </div>
    );
  if (!compared) return <p class="hint">{t.comparing}</p>;
  const { agrees, first_difference: first } = compared.answer;
  return (
    <p class={agrees ? 'verdict right' : 'verdict wrong'} id="verdict" data-agrees={agrees}>
      <strong>{sentence}</strong> {first && t.first(placeName(first, compared.of, t))}
    </p>
  );
}

function verdictOf(agreements: readonly boolean[], t: typeof text.value.check): string {
  const wrong = agreements.filter((agrees) => !agrees).length;
  return wrong === 0 ? t.agrees(agreements.length) : t.differs(wrong, agreements.length);
}
