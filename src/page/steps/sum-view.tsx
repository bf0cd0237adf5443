// A sum with its numbers, a line for each product; every number leads to where it is computed.
import type { JSX } from 'preact';
import { type Answered, goToStep, update } from '../state.ts';
import { text } from '../text/text.ts';
import { Formula, label as labelOf } from '../ui/math.tsx';
import { LinkButton, Value } from '../ui/parts.tsx';
import { steps } from './current.ts';
import { shortened } from './explain.ts';
import { inPicture, stepOfNumber } from './links.ts';
import type { Factor, NumberOf, Sum, Term } from './step.ts';

/** How many lines a sum may have; the smaller products are told in one. */
const MOST = 6;

export function SumView({ sum, of }: { sum: Sum; of: Answered }): JSX.Element {
  const { terms, rest } = shortened(sum, MOST);
  const single = terms.length === 1 && terms[0].factors.length === 1;
  return (
    <table class="sum" data-sum={sum.label}>
      <caption>{sum.meaning}</caption>
      <tbody>
        {terms.map((term) => (
          <Line key={term.factors.map(({ label }) => label).join()} term={term} of={of} single={single} />
        ))}
        {rest && (
          <tr>
            <td>…</td>
            <td>{text.value.steps.smaller(rest.count)}</td>
            <td class="number">
              <Value of={rest.value} />
            </td>
          </tr>
        )}
        <tr class="total">
          <td>
            <Formula of={sum.label} />
          </td>
          <td />
          <td class="number">
            <Value of={sum.value} />
          </td>
        </tr>
      </tbody>
    </table>
  );
}

function Line({ term: { factors, value }, of, single }: { term: Term; of: Answered; single: boolean }): JSX.Element {
  return (
    <tr>
      <td>
        {factors.map((factor, i) => (
          <span key={factor.label}>
            {i > 0 && ' · '}
            <Linked factor={factor} of={of} />
          </span>
        ))}
      </td>
      <td>
        {!single &&
          factors.length > 1 &&
          factors.map((factor, i) => (
            <span key={factor.label}>
              {i > 0 && ' × '}
              <Value of={factor.value} />
            </span>
          ))}
      </td>
      <td class="number">
        <Value of={value} />
      </td>
    </tr>
  );
}

/** The label of a factor; of a number of a matrix it leads there: to its step, or to its edge or unit where it is given. */
function Linked({ factor: { label, of: number }, of }: { factor: Factor; of: Answered }): JSX.Element {
  if (!number) return <Formula of={label} />;
  return (
    <LinkButton aria-label={labelOf(label)} onClick={() => follow(of, number)}>
      <Formula of={label} />
    </LinkButton>
  );
}

function follow({ run }: Answered, of: NumberOf): void {
  const target = steps.value && stepOfNumber(steps.value, of);
  if (target) goToStep(target.step, target.cell);
  const { choice, sample } = inPicture(run, of);
  update({ selection: choice, ...(sample !== undefined && { sample }) });
}
