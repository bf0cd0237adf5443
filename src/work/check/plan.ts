// The check of a candidate: the right values, the comparison, and the search for what is wrong.

import { targetsOf } from '../../../schemas/batch.ts';
import type { CheckAnswer, DecodedCheck } from '../../../schemas/check.ts';
import { defaultLoss } from '../../../schemas/loss.ts';
import { lineOf } from '../../../schemas/mistake.ts';
import type { Tensors } from '../../../schemas/numbers.ts';
import { DEFAULT_TOLERANCE } from '../../../schemas/traced-arrays.ts';
import { slopesOf } from '../../backprop/activation.ts';
import { backward } from '../../backprop/backward.ts';
import { buildBatch } from '../../backprop/batch.ts';
import { type Cost, costOf } from '../../backprop/cost.ts';
import { checkDomains, checkOutputs } from '../../backprop/domains.ts';
import { allFinite, lossValues, NonFinite } from '../../backprop/finite.ts';
import { forward } from '../../backprop/forward.ts';
import { type BoundLoss, bindLoss } from '../../backprop/losses.ts';
import type { Setting } from '../../backprop/mistakes/change.ts';
import { buildLayers } from '../../backprop/network.ts';
import { bindPenalty, withPenalty } from '../../backprop/penalty.ts';
import { divisorAsNumber, divisorOf, reduce } from '../../backprop/reduction.ts';
import { checkShapes, type Sizes } from '../../backprop/shapes.ts';
import { Dense } from '../../linalg/dense.ts';
import type { Engine } from '../../linalg/engine.ts';
import type { Plan } from '../plan.ts';
import { pendingNumbers } from './backward.ts';
import { diagnose } from './diagnose.ts';
import { Evidence, type Right } from './evidence.ts';
import { Meter, MOST_GRADIENTS } from './meter.ts';

/**
 * Checks the shapes of a request, and estimates its cost.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planCheck(request: DecodedCheck): Plan<CheckAnswer> {
  const given = request.loss ?? defaultLoss;
  const bound = bindLoss(given as { type: string });
  const sizes = checkShapes(request as never, bound);
  return { sizes, cost: costOfCheck(sizes), run: (engine) => check(request, bound, sizes, engine) };
}

/** How many passes the search keeps at a time. */
const KEPT_PASSES = 8;

/** The characters of an array's check, in numbers of an answer. */
const NUMBERS_PER_ARRAY = 40;

/** The numbers of the texts of an answer. */
const NUMBERS_OF_TEXTS = 400;

/**
 * What the search costs beside its arithmetic, as numbers computed one by one: as measured. It takes up to twice as long if nothing
 * explains the candidate. So wrong candidates of a few small layers are answered inline, those of many in a thread.
 */
const SEARCH_NUMBERS = 20_000;
const SEARCH_NUMBERS_PER_LAYER = 12_000;

function costOfCheck(sizes: Sizes): Cost {
  const { flops, computedNumbers, keptNumbers } = costOf(sizes, ['trace'], sizes.samples, 0, false);
  const fewer = 'check fewer samples: a mistake shows with a few';
  return {
    flops: MOST_GRADIENTS * flops,
    computedNumbers: MOST_GRADIENTS * computedNumbers + SEARCH_NUMBERS + SEARCH_NUMBERS_PER_LAYER * sizes.units.length,
    keptNumbers: KEPT_PASSES * keptNumbers + pendingNumbers(sizes.samples * Math.max(...sizes.units)),
    furtherNumbers: 0,
    answerNumbers: NUMBERS_OF_TEXTS + NUMBERS_PER_ARRAY * (2 + 9 * sizes.units.length),
    remedy: { pointer: '/batch/inputs', operations: fewer, numbers: fewer },
  };
}

function check(request: DecodedCheck, bound: BoundLoss, sizes: Sizes, engine: Engine): CheckAnswer {
  const tolerance = request.tolerance ?? DEFAULT_TOLERANCE;
  // checkShapes has excluded ragged matrices.
  const { batch, network } = request as Pick<Tensors<DecodedCheck>, 'batch' | 'network'> as never as {
    batch: Parameters<typeof buildBatch>[0];
    network: Parameters<typeof buildLayers>[0];
  };
  const setting = settingOf(request, batch, buildLayers(network), bound, sizes, engine);
  const right = compute(setting);
  const inColumns = batch.samples === 'columns';
  const evidence = new Evidence(request.candidate, setting.layers, right, inColumns, tolerance);
  const meter = new Meter(sizes);
  const { wrong, items } = evidence;
  const diagnoses = diagnose(setting, evidence, tolerance, meter);
  return {
    agrees: wrong.length === 0,
    checks: items.map((item) => item.check),
    first_difference: wrong[0]?.pointer ?? null,
    diagnoses: diagnoses.map(({ mistake, pointer, explains, detail, ...rest }) => ({
      mistake,
      pointer,
      explains,
      detail,
      ...lineOf(mistake),
      ...rest,
    })),
    ...(meter.leftOut.size > 0 && { left_out: leftOut([...meter.leftOut]) }),
  };
}

function leftOut(what: readonly string[]): string {
  const shown = what.length > 3 ? [...what.slice(0, 3), `and ${what.length - 3} more`] : what;
  return `not tried, because the network is large: ${shown.join(', ')}. Check fewer samples, or send a trace`;
}

function settingOf(
  request: DecodedCheck,
  batch: Parameters<typeof buildBatch>[0],
  layers: ReturnType<typeof buildLayers>,
  bound: BoundLoss,
  { samples, units }: Sizes,
  engine: Engine,
): Setting {
  const outputs = units[units.length - 1];
  checkDomains(batch, bound, outputs);
  const { targets } = targetsOf(batch);
  const classes = targets instanceof Float64Array ? targets : undefined;
  const divisor = divisorAsNumber(divisorOf(bound, samples, outputs, classes, batch.sample_weights));
  return {
    layers,
    ...buildBatch(batch, 0, samples, engine.scratch),
    isWeighted: batch.sample_weights !== undefined,
    given: (request.loss ?? defaultLoss) as Setting['given'],
    bound,
    divisor,
    penalty: bindPenalty(request.penalty),
    engine,
  };
}

/** @throws Refusal `out-of-domain` or `non-finite-result`. */
function compute({ layers, X, targets, s, bound, divisor, penalty, engine }: Setting): Right {
  const { scratch } = engine;
  const steps = forward(layers, X, engine, true);
  const last = steps.length - 1;
  checkOutputs(steps[last].A, bound, last, 0);
  const reduced = reduce(bound.loss.unreduced(steps[last].A, targets, scratch), s, { factor: divisor, exponent: 0 }, scratch);
  const gradients = backward(layers, steps, reduced.dY, engine, true, true);
  const total = withPenalty(
    {
      loss: reduced.loss,
      gradients: gradients.map(({ dW, db }) => ({ dW: new Dense(dW.rows, dW.columns, dW.data.slice()), db: db?.slice() })),
    },
    penalty,
    layers,
  );
  const values = [
    total.loss,
    ...total.gradients.flatMap(({ dW, db }) => [dW.data, ...(db ? [db] : [])]),
    gradients[0].dX as Dense,
  ];
  if (!allFinite(values)) {
    const search = new NonFinite({ pointer: '/network', detail: 'a number of the right answer is not finite' });
    search.look(lossValues({ steps, reduced, gradients }, { ...total, divisor }), 0);
    throw search.refusal;
  }
  return {
    steps,
    reduced,
    gradients,
    loss: total.loss,
    slopes: steps.map(({ Z, A }, k) => slopesOf(layers[k].f, Z, A, scratch)),
    weights: total.gradients.map(({ dW }) => dW.data),
    biases: total.gradients.map(({ db }) => db),
  };
}
