// The numbers of the unit or the edge that is chosen; each leads to the step that computes it.
import type { JSX } from 'preact';
import { type Answered, goToStep, sample as sampleOf, update } from '../state.ts';
import { steps, top } from '../steps/current.ts';
import { stepOfNumber } from '../steps/links.ts';
import type { MatrixKind, NumberOf } from '../steps/step.ts';
import { text } from '../text/text.ts';
import { Formula, label } from '../ui/math.tsx';
import { LinkButton, show, Value } from '../ui/parts.tsx';
import { Picture, sideOf } from '../ui/pictures.tsx';
import { nameOf } from './drawing.tsx';
import type { Choice } from './layout.ts';
import { flatUnit } from './slopes.ts';

interface Props {
  readonly of: Answered;
  readonly choice: Choice;
  choose(choice: Choice): void;
}

export function Details({ of, choice, choose }: Props): JSX.Element {
  return (
    <div id="details">
      {choice.input === undefined ? (
        <UnitDetails of={of} choice={choice} choose={choose} />
      ) : (
        <EdgeDetails of={of} choice={choice} choose={choose} />
      )}
    </div>
  );
}

interface Shown {
  readonly symbol: string;
  readonly of: NumberOf;
  readonly value: number | undefined;
}

/** Numbers that there are, each with its symbol. */
function Values({ all, choice }: { all: readonly Shown[]; choice: Choice }): JSX.Element {
  const go = (of: NumberOf) => {
    const target = steps.value && stepOfNumber(steps.value, of);
    if (!target) return;
    goToStep(target.step, target.cell);
    update({ selection: choice, view: 'steps' });
  };
  return (
    <dl class="values">
      {all.map(({ symbol, of, value }) =>
        value === undefined ? null : (
          <div key={symbol}>
            <dt>
              {steps.value && stepOfNumber(steps.value, of) ? (
                <LinkButton aria-label={label(symbol)} onClick={() => go(of)}>
                  <Formula of={symbol} />
                </LinkButton>
              ) : (
                <Formula of={symbol} />
              )}
            </dt>
            <dd>
              <Value of={value} />
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

function UnitDetails({ of: { run }, choice }: Props): JSX.Element {
  const { column, unit } = choice;
  const t = text.value.network;
  const sample = Math.min(sampleOf.value, run.samples - 1);
  const [i, j] = run.cell(sample, unit);
  const layer = column - 1;
  const number = (letter: string, kind: MatrixKind, value: number, at = layer): Shown => ({
    symbol: `${letter}_${(column === 0 ? 0 : layer) + 1}`,
    of: { kind, layer: at, i, j },
    value,
  });
  const ofBias = (letter: string, kind: MatrixKind, value: number | undefined): Shown => ({
    symbol: `${letter}_${layer + 1}`,
    of: { kind, layer, i: run.columns ? unit : 0, j: run.columns ? 0 : unit },
    value,
  });
  const all =
    column === 0
      ? [
          number('X', 'X', run.value('inputs', 0, sample, unit), 0),
          number('dX', 'dX', run.value('input_gradients', 0, sample, unit), 0),
        ]
      : [
          number('Z', 'Z', run.value('pre_activations', layer, sample, unit)),
          number('Y', 'Y', run.value('outputs', layer, sample, unit)),
          layer === run.layers - 1
            ? number('dY', 'dY', run.value('output_gradients', layer, sample, unit))
            : number('dY', 'dX', run.value('output_gradients', layer, sample, unit), layer + 1),
          number('dZ', 'dZ', run.value('pre_activation_gradients', layer, sample, unit)),
          ofBias('b', 'b', run.bias(layer, unit)),
          ofBias('db', 'db', run.biasGradient(layer, unit)),
        ];
  const flat = column > 0 ? flatUnit(run, layer, unit) : undefined;
  const side = column === 1 ? sideOf(run.features) : undefined;
  return (
    <>
      <h3>
        {nameOf(choice)}
        <small>{t.sampleNumber(sample + 1, run.samples)}</small>
      </h3>
      {side !== undefined && (
        <Picture pixels={(pixel) => run.weight(0, unit, pixel)} side={side} top={top.value} size={48} label={t.weightPicture} />
      )}
      <Values all={all} choice={choice} />
      {flat && (
        <p class={`flat-text ${flat.kind}`}>
          {flat.kind === 'dead'
            ? t.flat.dead(run.samples, show(flat.least, 3), show(flat.greatest, 3))
            : t.flat.saturated(run.samples, show(flat.slope, 2), show(flat.least, 3), show(flat.greatest, 3))}
        </p>
      )}
    </>
  );
}

function EdgeDetails({ of: { run }, choice, choose }: Props): JSX.Element {
  const { column, unit, input = 0 } = choice;
  const layer = column - 1;
  const ends = [
    { column: layer, unit: input },
    { column, unit },
  ];
  const at = { layer, i: unit, j: input };
  const place = `${column}[${unit + 1},${input + 1}]`;
  return (
    <>
      <h3>
        <LinkButton onClick={() => choose(ends[0])}>{nameOf(ends[0])}</LinkButton> →{' '}
        <LinkButton onClick={() => choose(ends[1])}>{nameOf(ends[1])}</LinkButton>
      </h3>
      <Values
        choice={choice}
        all={[
          { symbol: `W_${place}`, of: { kind: 'W', ...at }, value: run.weight(layer, unit, input) },
          { symbol: `dW_${place}`, of: { kind: 'dW', ...at }, value: run.weightGradient(layer, unit, input) },
        ]}
      />
    </>
  );
}
