// The gradients of a batch by parts, which may be computed one by one, anywhere: the result has the bits of the whole.
import { targetsOf } from '../../schemas/batch.ts';
import type { DecodedRequest, GradientsResult } from '../../schemas/gradients.ts';
import { costOf } from '../backprop/cost.ts';
import { checkDomains } from '../backprop/domains.ts';
import { NonFinite, type Results } from '../backprop/finite.ts';
import { addToDivisor, bindLoss, type Divisor, divisorAsNumber, fixedDivisor } from '../backprop/losses.ts';
import { buildLayers } from '../backprop/network.ts';
import { checkShapes, type Sizes } from '../backprop/shapes.ts';
import type { Engine } from '../linalg/engine.ts';
import { Refusal } from '../refusal.ts';
import { finiteAnswer, lossOf, prepare } from './gradients.ts';
import { Pass, sampleExtrasIn } from './pass.ts';
import type { Parts } from './plan.ts';
import { splitLayers, splitProducts } from './split.ts';
import { ARITY, addedNodes, levelsOf, nodeTotal, numbersOfSums, Sums, tileNode } from './sums.ts';
import { alone } from './team.ts';
import { type Tiling, tileAt } from './tiles.ts';

/** The most floating-point operations of a part, some seconds of a thread, unless a single tile has more. */
const PART_FLOPS = 2 ** 37;

/** The most numbers that a part reads: 32 MiB. */
const PART_NUMBERS = 2 ** 22;

/**
 * Plans a request whose batch has so many samples. Its arrays hold all of them, those of one part, or none.
 * @throws Refusal `shape-mismatch`, or `not-additive` if it asks for values per sample.
 */
export function planGradientParts(request: DecodedRequest, samples: number): Parts<GradientsResult> {
  const bound = bindLoss(lossOf(request) as { type: string });
  const held = checkShapes(request, bound);
  const sizes = { ...held, samples };
  const { include, tiling, division, work } = prepare(request, sizes);
  checkInclude(sampleExtrasIn(include));
  const perPart = tilesPerPart(sizes, tiling);
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
  const passOf = (i: number, divisor: Divisor, engine: Engine) => {
    const origin = held.samples === samples ? 0 : samplesOf(i).first;
    const isWhole = division === 'tiles';
    return new Pass(
      { ...work, origin, divisor },
      isWhole ? engine : splitProducts(engine, alone),
      isWhole ? layers : splitLayers(layers, alone),
      bound,
    );
  };
  const tilesOf = (i: number) => {
    const first = i * perPart;
    return Array.from({ length: Math.min(perPart, tiling.count - first) }, (_, j) => tileAt(tiling, first + j));
  };
  return {
    sizes,
    cost: costOf(sizes, [], tileAt(tiling, 0).end, levelsOf(perPart), false),
    count: Math.ceil(tiling.count / perPart),
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
    compute(i, divisor, engine) {
      checkDomains(work.batch, bound, outputs, true);
      const pass = passOf(i, divisor, engine);
      const tiles = tilesOf(i);
      if (perPart === 1) {
        const { reduced, gradients } = pass.compute(tiles[0], false);
        return tileNode(layers, reduced.loss, gradients);
      }
      const sums = new Sums(layers, tiles.length, new Float64Array(numbersOfSums(layers, tiles.length)));
      tiles.forEach((tile, j) => {
        engine.scratch.reuse(() => {
          const { reduced, gradients } = pass.compute(tile, false);
          sums.add(j, reduced.loss, gradients);
        });
      });
      return sums.node();
    },
    merge: (nodes) => addedNodes(layers, nodes),
    result: (divisor, root) => finiteAnswer(resultsOf(divisor, root), include, {}),
    find(i, divisor, root, engine) {
      const search = new NonFinite(resultsOf(divisor, root));
      const pass = passOf(i, divisor, engine);
      for (const tile of tilesOf(i)) pass.search(tile, search);
      return { position: search.position, refusal: search.refusal };
    },
  };
}

/** A complete subtree: a power of ARITY. It depends on the request's shape alone. */
function tilesPerPart({ features, units }: Sizes, { perTile, count }: Tiling): number {
  let weights = 0;
  for (let k = 0, inputs = features; k < units.length; inputs = units[k++]) weights += units[k] * inputs;
  const outputs = units[units.length - 1];
  const most = Math.min(PART_FLOPS / (6 * perTile * weights), PART_NUMBERS / (perTile * (features + outputs + 1)));
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
