// The gradients of a batch by parts, which may be computed one by one, anywhere: the result has the bits of the whole.
import { targetsOf } from '../../schemas/batch.ts';
import type { DecodedRequest, GradientsResult } from '../../schemas/gradients.ts';
import { costOf } from '../backprop/cost.ts';
import { checkDomains } from '../backprop/domains.ts';
import type { Results } from '../backprop/finite.ts';
import { addToDivisor, bindLoss, type Divisor, divisorAsNumber, fixedDivisor } from '../backprop/losses.ts';
import { buildLayers } from '../backprop/network.ts';
import { checkShapes, type Sizes } from '../backprop/shapes.ts';
import type { Engine } from '../linalg/engine.ts';
import { Refusal } from '../refusal.ts';
import { finiteAnswer, lossOf, prepare, Run } from './gradients.ts';
import { sampleExtrasIn } from './pass.ts';
import type { PartSize, Parts } from './plan.ts';
import { ARITY, addedNodes, levelsOf, nodeTotal, numbersOfNode } from './sums.ts';
import { alone, type Team } from './team.ts';
import { type Tiling, tileAt } from './tiles.ts';

/** The most numbers that a part reads: 32 MiB. */
const PART_NUMBERS = 2 ** 22;

/**
 * Plans a request whose batch has the `given` number of samples, of which it holds those of one part; or, without a number, all that it
 * holds.
 * @throws Refusal `shape-mismatch`, or `not-additive` if it asks for values per sample.
 */
export function planGradientParts(request: DecodedRequest, given: number | undefined, size: PartSize): Parts<GradientsResult> {
  const bound = bindLoss(lossOf(request) as { type: string });
  const held = checkShapes(request, bound);
  const samples = given ?? held.samples;
  const sizes = { ...held, samples };
  const { division, work } = prepare(request, sizes);
  const { include, tiling } = work;
  checkInclude(sampleExtrasIn(include));
  const { flops } = costOf(sizes, [], 0, 0, false);
  const perPart = tilesPerPart(sizes, tiling, flops, size);
  const samplesOf = (i: number) => ({
    first: i * perPart * tiling.perTile,
    end: Math.min(samples, (i + 1) * perPart * tiling.perTile),
  });
  const outputs = sizes.units[sizes.units.length - 1];
  const layers = buildLayers(work.network);
  const { sample_weights } = work.batch;
  const { targets } = targetsOf(work.batch);
  const resultsOf = (divisor: Divisor, root: Float64Array): Results => ({
    ...nodeTotal(layers, root),
    divisor: divisorAsNumber(divisor),
  });
  const runOf = (i: number, divisor: Divisor, engine: Engine, team: Team = alone) => {
    const { first, end } = samplesOf(i);
    const ofPart: Tiling = { samples: end - first, perTile: tiling.perTile, count: Math.ceil((end - first) / tiling.perTile) };
    const start = held.samples === samples ? first : 0;
    return new Run({ ...work, include: [], start, origin: first, tiling: ofPart, divisor }, bound, division, engine, team);
  };
  return {
    sizes,
    cost: {
      ...costOf({ ...sizes, samples: samplesOf(0).end }, [], tileAt(tiling, 0).end, levelsOf(perPart), division === 'tiles'),
      flops,
    },
    count: Math.ceil(tiling.count / perPart),
    nodeNumbers: numbersOfNode(layers),
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
    merge: (nodes) => addedNodes(layers, nodes),
    result: (divisor, root) => finiteAnswer(resultsOf(divisor, root), include, {}),
    find(i, divisor, root, engine) {
      const { position, refusal } = runOf(i, divisor, engine).search(resultsOf(divisor, root));
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

function checkInclude(names: readonly string[]): void {
  if (names.length === 0) return;
  const detail = `expected no values per sample, which a job does not keep, got ${names.join(', ')}`;
  throw new Refusal('not-additive', {
    detail: `${detail}: leave them out, or send the request without Prefer: respond-async`,
    errors: [{ pointer: '/include', detail }],
  });
}
