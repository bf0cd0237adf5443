// The mistakes that explain what differs, each with its wrong and its right line.
import type { JSX } from 'preact';
import type { Diagnosis } from '../../../schemas/check.ts';
import { update } from '../state.ts';
import { text } from '../text/text.ts';
import { short } from '../ui/matrix.ts';
import { type Comparison, comparison, goToNumber } from './comparison.ts';
import { mistakeOf, pathOf } from './mistakes.ts';
import { placeName, whereName } from './words.ts';

export function Diagnoses(): JSX.Element | null {
  const t = text.value.check;
  const compared = comparison.value;
  if (!compared || compared.answer.agrees) return null;
  const { diagnoses, left_out: leftOut, first_difference: first } = compared.answer;
  return (
    <div id="diagnoses">
      {diagnoses.map((diagnosis) => (
        <Card key={diagnosis.mistake + diagnosis.pointer} diagnosis={diagnosis} of={compared} />
      ))}
      {diagnoses.length === 0 && <p id="unknown-mistake">{t.unknownMistake}</p>}
      {leftOut && <p class="hint">{t.leftOut(leftOut)}</p>}
      {first && (
        <button
          type="button"
          id="show-step"
          onClick={() => {
            goToNumber(first);
            update({ view: 'steps' });
          }}
        >
          {t.showStep}
        </button>
      )}
    </div>
  );
}

function Card({ diagnosis, of }: { diagnosis: Diagnosis; of: Comparison }): JSX.Element {
  const t = text.value.check;
  const { mistake, detail, pointer, explains, factor, alternatives } = diagnosis;
  const described = mistakeOf(mistake);
  return (
    <article class="diagnosis" data-mistake={mistake} aria-label={t.mistake}>
      <h2>{described?.title ?? mistake}</h2>
      <p>
        {detail}. <span class="hint">{t.where(whereName(pointer, t))}.</span>
      </p>
      {described && (
        <dl class="lines">
          <dt>{t.wrongLine}</dt>
          <dd>
            <code class="wrong">{described.wrong}</code>
          </dd>
          <dt>{t.rightLine}</dt>
          <dd>
            <code class="right">{described.right}</code>
          </dd>
          <dt>{t.sign}</dt>
          <dd>{described.sign}</dd>
          <dt>{t.remedy}</dt>
          <dd>{described.remedy}</dd>
        </dl>
      )}
      <p class="hint">
        {t.explains(explains.map((one) => placeName(one, of.of, t)))} {factor !== undefined && t.factor(short(factor, 4))}{' '}
        <a href={pathOf(mistake)}>{t.page}</a>
      </p>
      {alternatives.length > 0 && (
        <div class="alternatives">
          <p class="hint">{t.alternatives}</p>
          <ul>
            {alternatives.map((name) => (
              <li key={name} data-mistake={name}>
                <a href={pathOf(name)}>{mistakeOf(name)?.title ?? name}</a>
              </li>
            ))}
          </ul>
        </div>
      )}
    </article>
  );
}
