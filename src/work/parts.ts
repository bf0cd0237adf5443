// Plans requests with a loss by parts, which may be computed one by one, anywhere: the result has the bits of the whole.
import { targetsOf } from '../../schemas/batch.ts';
import { checkDomains } from '../backprop/domains.ts';
import { buildLayers } from '../backprop/network.ts';
import { addToDivisor, type Divisor, fixedDivisor } from '../backprop/reduction.ts';
import { checkShapes, type Sizes } from '../backprop/shapes.ts';
import type { Engine } from '../linalg/engine.ts';
import { Refusal } from '../refusal.ts';
import { boundOf, type LossRequest, prepare, type Question } from './loss-plan.ts';
import type { PartSize, Parts } from './plan.ts';
import { Run } from './run.ts';
import { ARITY, addedNodes, levelsOf, nodeTotal, numbersOfNode } from './sums.ts';
import { alone, type Team } from './team.ts';
import { type Tiling, tileAt } from './tiles.ts';
import { formOf, resultsOf } from './with-loss.ts';

/** The most numbers that a part reads: 32 MiB. */
const PART_NUMBERS = 2 ** 22;

/**
 * Plans a request whose batch has the `given` number of samples, of which it holds those of one part; or, without a number, all that it
 * holds. `ofParts` is what is asked of the parts, if that is less.
 * @throws Refusal `shape-mismatch`.
 */
export function partsWithLoss<Result extends object>(
  request: LossRequest,
  given: number | undefined,
  size: PartSize,
  question: Question<Result>,
  ofParts: Question<Result> = question,
): Parts<Result> {
  const bound = boundOf(request);
  const held = checkShapes(request, bound, question.also);
  const samples = given ?? held.samples;
  const sizes = { ...held, samples };
  const { division, work } = prepare(request, sizes, ofParts);
  const { tiling } = work;
  const costOf = (samples: number, tileSamples: number, levels: number) =>
    ofParts.cost({ ...sizes, samples }, { tileSamples, levels, byTiles: division === 'tiles' });
  const { flops } = costOf(samples, 0, 0);
  const perPart = tilesPerPart(sizes, tiling, flops, size);
  const samplesOf = (i: number) => ({
    first: i * perPart * tiling.perTile,
    end: Math.min(samples, (i + 1) * perPart * tiling.perTile),
  });
  const outputs = sizes.units[sizes.units.length - 1];
  const layers = buildLayers(work.network);
  const form = formOf(layers, work);
  const { sample_weights } = work.batch;
  const { targets } = targetsOf(work.batch);
  const resultsAt = (divisor: Divisor, root: Float64Array) => resultsOf(nodeTotal(form, root), work, divisor, layers);
  const runOf = (i: number, divisor: Divisor, engine: Engine, team: Team = alone) => {
    const { first, end } = samplesOf(i);
    const ofPart: Tiling = { samples: end - first, perTile: tiling.perTile, count: Math.ceil((end - first) / tiling.perTile) };
    const start = held.samples === samples ? first : 0;
    return new Run({ ...work, start, origin: first, tiling: ofPart, divisor }, division, engine, team);
  };
  return {
    sizes,
    cost: { ...costOf(samplesOf(0).end, tileAt(tiling, 0).end, levelsOf(perPart)), flops },
    count: Math.ceil(tiling.count / perPart),
    nodeNumbers: numbersOfNode(form),
    samplesOf,
    divisor: fixedDivisor(bound),
    addToDivisor(state) {
      checkDomains(work.batch, bound, outputs, true);
      return addToDivisor(
        state,
        bound,
        held.samples,
        outputs,
        targets instanceof Float64Array ? targets : undefined,
        sample_weights,
      );
    },
    compute(i, divisor, engine, team) {
      checkDomains(work.batch, bound, outputs, true);
      return runOf(i, divisor, engine, team).node(perPart === 1);
    },
    merge: (nodes) => addedNodes(form, nodes),
    result: (divisor, root) => question.answer(resultsAt(divisor, root), {}),
    find(i, divisor, root, engine) {
      const { position, refusal } = runOf(i, divisor, engine).search(resultsAt(divisor, root), question.otherwise);
      return { position, refusal };
    },
  };
}

/** A complete subtree: a power of ARITY, unless there is only one part. The result of the root does not depend on it. */
function tilesPerPart({ samples, features, units }: Sizes, { perTile, count }: Tiling, flops: number, size: PartSize): number {
  if ('samples' in size) return Math.ceil(size.samples / perTile);
  const outputs = units[units.length - 1];
  const most = Math.min(size.flops / ((flops / samples) * perTile), PART_NUMBERS / (perTile * (features + outputs + 1)));
  let tiles = 1;
  while (tiles < count && tiles * ARITY <= most) tiles *= ARITY;
  return tiles;
}

/** The refusal of something that is not computed from sums over samples. */
export function notAdditive(pointer: string, detail: string): Refusal {
  return new Refusal('not-additive', {
    detail: `${detail}: leave them out, or send the request without Prefer: respond-async`,
    errors: [{ pointer, detail }],
  });
}
