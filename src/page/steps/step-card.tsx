// A step: its formula, its matrices, how a number of the result is computed, and why it may be 0.
import type { JSX } from 'preact';
import { pageExamples } from '../request/examples.ts';
import { type Answered, update } from '../state.ts';
import { text } from '../text/text.ts';
import { Formula, say } from '../ui/math.tsx';
import { placeOf } from '../ui/matrix-props.ts';
import { MatrixView } from '../ui/matrix-view.tsx';
import { LinkButton } from '../ui/parts.tsx';
import { type Current, top } from './current.ts';
import { Descend } from './descend.tsx';
import { inPicture } from './links.ts';
import type { NumberOf, Quantity } from './step.ts';
import { SumView } from './sum-view.tsx';
import { whyZero } from './zero.ts';

/** Explains a number of the current step's result, and shows in the picture what it is of. */
function explain({ run }: Answered, of: NumberOf): void {
  const { choice, sample } = inPicture(run, of);
  update({ cell: [of.i, of.j], selection: choice, ...(sample !== undefined && { sample }) });
}

interface StepCardProps {
  readonly of: Answered;
  readonly current: Current;
  /** Goes to another step. */
  go(step: number): void;
}

export function StepCard({ of, current, go }: StepCardProps): JSX.Element {
  const { step, number, cell } = current;
  const example = pageExamples.find(({ request }) => request === of.request);
  const t = text.value.steps;
  const [i, j] = cell;
  const choose = (row: number, column: number) => explain(of, { ...step.result.of, i: row, j: column });
  // A sign stays with what follows it.
  const pieces: { quantity: Quantity; signs: string[] }[] = [];
  let signs = step.pieces[0] === '→' ? [] : ['='];
  for (const piece of step.pieces) {
    if (typeof piece === 'string') signs.push(piece);
    else {
      pieces.push({ quantity: piece, signs });
      signs = [];
    }
  }
  const value = step.result.matrix.at(i, j);
  const reasons = whyZero(of.run, { ...step.result.of, i, j }, value, t, (column, unit) =>
    text.value.network.nameOf(column, unit + 1),
  );
  return (
    <article id="step" aria-labelledby="step-title" data-step={number} data-kind={step.kind}>
      <header>
        <p class="phase" data-phase={step.phase}>
          {t.phases[step.phase]}
        </p>
        <h2 id="step-title">{step.title}</h2>
      </header>
      <div class="formula">
        <Formula of={step.formula} large />
      </div>
      <div class="equation">
        <MatrixView quantity={step.result} top={top.value} marked={cell} choose={choose} />
        {pieces.map(({ quantity, signs: before }) => (
          <div class="piece" key={quantity.symbol}>
            {before.map((sign) => (
              <Sign key={sign} of={sign} />
            ))}
            <MatrixView quantity={quantity} top={top.value} marked={quantity.reads?.(i, j)}>
              <Origin of={quantity} number={number} show={go} />
            </MatrixView>
          </div>
        ))}
        {signs.length > 0 && (
          <div class="piece">
            {signs.map((sign) => (
              <Sign key={sign} of={sign} />
            ))}
          </div>
        )}
      </div>
      <div class="worked">
        <h3>
          {t.howComputed(placeOf(step.result, i, j))}{' '}
          <span class="full" data-full={value}>
            {`${value}`.replace('-', '−')}
          </span>
        </h3>
        <SumView sum={step.worked(i, j)} of={of} />
        {reasons.length > 0 && (
          <div class="zero">
            <h3>{t.zero.title}</h3>
            {reasons.map((reason) => (
              <p key={reason}>{reason}</p>
            ))}
          </div>
        )}
      </div>
      {example && step.kind === 'X' && (
        <p class="why" id="example-text">
          {text.value.request.exampleTexts[example.name].text}
          {example.name === 'article' && (
            <>
              {' '}
              <a href="https://www.bbbdata.com" lang="zh-CN">
                《老饼讲解-深度学习》 www.bbbdata.com
              </a>
            </>
          )}
        </p>
      )}
      {step.why.map((paragraph) => (
        <p class="why" key={paragraph}>
          {paragraph}
        </p>
      ))}
      {number === current.last && <Descend of={of} />}
    </article>
  );
}

function Sign({ of }: { of: string }): JSX.Element {
  return <span class={of.length > 1 ? 'sign word' : 'sign'}>{of}</span>;
}

interface OriginProps {
  readonly of: Quantity;
  readonly number: number;
  show(step: number): void;
}

/** The way to the step that computes a quantity. */
function Origin({ of: { madeBy, given, symbol }, number, show }: OriginProps): JSX.Element | null {
  const t = text.value.steps;
  if (madeBy === undefined || madeBy >= number) return given ? <span class="given">({t.given})</span> : null;
  const from = number - madeBy === 1 ? t.fromPrevious : t.fromStep(madeBy + 1);
  return (
    <LinkButton aria-label={t.computedIn(from, say(symbol))} onClick={() => show(madeBy)}>
      {from}
    </LinkButton>
  );
}
