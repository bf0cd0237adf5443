// Plans requests whose answer is computed from a loss, whole: the checks, the cost, the divisor, and the run.
import { type ArrayBatch, targetsOf } from '../../schemas/batch.ts';
import type { Extra } from '../../schemas/gradients.ts';
import { defaultLoss, type Loss } from '../../schemas/loss.ts';
import type { Network } from '../../schemas/network.ts';
import { type MaybeRagged, type Tensors, tensor } from '../../schemas/numbers.ts';
import type { Penalty } from '../../schemas/penalty.ts';
import type { Finding } from '../../schemas/problem.ts';
import type { ParameterGradients } from '../backprop/backward.ts';
import type { Cost } from '../backprop/cost.ts';
import type { Divided } from '../backprop/derivative-costs.ts';
import { checkDomains } from '../backprop/domains.ts';
import type { Results } from '../backprop/finite.ts';
import { type BoundLoss, bindLoss } from '../backprop/losses.ts';
import { type BoundPenalty, bindPenalty, penaltyOf } from '../backprop/penalty.ts';
import { type Divisor, divisorOf } from '../backprop/reduction.ts';
import { type Also, checkShapes, type Sizes } from '../backprop/shapes.ts';
import type { Plan } from './plan.ts';
import { Run } from './run.ts';
import { levelsOf } from './sums.ts';
import { alone } from './team.ts';
import { type Division, divisionOf, type Tiling, tileAt, tilingOf } from './tiles.ts';
import { type Curvature, type LossWork, resultsOf } from './with-loss.ts';

/** What all requests with a loss have. */
export interface LossRequest {
  readonly network: MaybeRagged<Network>;
  readonly batch: MaybeRagged<ArrayBatch>;
  readonly loss?: MaybeRagged<Loss>;
  readonly penalty?: Penalty;
}

/** What a request asks of its loss, and how the answer is made. */
export interface Question<Result extends object> {
  readonly include: readonly Extra[];
  readonly curvature: Curvature | undefined;
  /** How the computation has to be divided; by default, as suits the sizes. */
  readonly division?: Division;
  /** Checks shapes beyond those of the network and the batch. */
  readonly also?: Also;
  cost(sizes: Sizes, divided: Divided): Cost;
  /**
   * The answer; undefined if a number of it is not finite. `lossAt` computes the loss with other parameters; without it, there are no
   * samples any more.
   */
  answer(results: Results, perSample: Readonly<Record<string, unknown>>, lossAt?: LossAt): Result | undefined;
  /** Why the answer may be not finite if all sums are. */
  readonly otherwise: Finding;
}

/** The loss with a step added to the parameters; undefined if it is not a finite number, or the outputs are outside its domain. */
export type LossAt = (step: readonly ParameterGradients[]) => number | undefined;

/**
 * Checks the shapes of a request, and estimates its cost. The plan's `run` computes the answer.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planWithLoss<Result extends object>(request: LossRequest, question: Question<Result>): Plan<Result> {
  const bound = boundOf(request);
  const sizes = checkShapes(request, bound, question.also);
  const { division, work } = prepare(request, sizes, question);
  const { tiling, penalty, batch } = work;
  return {
    sizes,
    cost: question.cost(sizes, dividedBy(tiling, division)),
    run(engine, team = alone) {
      const divisor = checkedDivisor(batch, bound, sizes);
      const run = new Run({ ...work, divisor }, division, engine, team);
      const { total, perSample } = run.whole();
      const results = resultsOf(total, work, divisor, run.layers);
      const lossAt: LossAt = (step) => {
        const there = { ...work, network: moved(work.network, step), divisor, lossOnly: true };
        return engine.scratch.reuse(() => lossOf(new Run(there, division, engine, team), penalty));
      };
      const answer = question.answer(results, perSample, lossAt);
      if (!answer) throw run.search(results, question.otherwise).refusal;
      return answer;
    },
  };
}

/** How a batch is divided, for the estimate of its cost. */
export function dividedBy(tiling: Tiling, division: Division): Divided {
  const levels = tiling.count > 1 ? levelsOf(tiling.count) : 0;
  return { tileSamples: tileAt(tiling, 0).end, levels, byTiles: division === 'tiles' };
}

export function boundOf({ loss }: LossRequest): BoundLoss {
  return bindLoss((loss ?? defaultLoss) as { type: string });
}

/** A request that is ready to be computed, but for its divisor. */
export interface Prepared {
  readonly division: Division;
  readonly work: Omit<LossWork, 'divisor'>;
}

/** `sizes` are those of the whole batch, of a request whose shapes have been checked. */
export function prepare(
  request: LossRequest,
  sizes: Sizes,
  question: Pick<Question<object>, 'include' | 'curvature' | 'division'>,
): Prepared {
  const { include, curvature, division } = question;
  const tiling = tilingOf(sizes);
  // checkShapes has excluded ragged matrices.
  const { network, batch, loss = defaultLoss, penalty } = request as Tensors<LossRequest>;
  const work = {
    kind: 'loss',
    network,
    batch,
    start: 0,
    origin: 0,
    loss,
    penalty: bindPenalty(penalty),
    include,
    curvature,
    lossOnly: false,
    tiling,
  } as const;
  return { division: division ?? divisionOf(sizes, tiling), work };
}

/** The network with a step added to its parameters. */
function moved({ layers }: Tensors<Network>, step: readonly ParameterGradients[]): Tensors<Network> {
  const sum = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]);
  return {
    layers: layers.map((layer, k) => {
      const { dW, db } = step[k];
      const weights = tensor(layer.weights.shape, sum(layer.weights.data, dW.data));
      return { ...layer, weights, ...(layer.biases && db && { biases: sum(layer.biases, db) }) };
    }),
  };
}

function lossOf(run: Run<LossWork>, penalty: BoundPenalty | undefined): number | undefined {
  const loss = run.whole().total.loss + (penalty ? penaltyOf(penalty, run.layers) : 0);
  return Number.isFinite(loss) ? loss : undefined;
}

/** @throws Refusal `out-of-domain`, if targets or weights are, or if the divisor is 0. */
function checkedDivisor(batch: LossWork['batch'], bound: BoundLoss, { samples, units }: Sizes): Divisor {
  const outputs = units[units.length - 1];
  checkDomains(batch, bound, outputs);
  const { targets } = targetsOf(batch);
  const classes = targets instanceof Float64Array ? targets : undefined;
  return divisorOf(bound, samples, outputs, classes, batch.sample_weights);
}
