// Compares what a hypothesis computes with the candidate, perhaps with a constant factor.
import { type FactorPlace, namesOfFactor } from '../../backprop/mistakes/factors.ts';
import type { Dense } from '../../linalg/dense.ts';
import { ENOUGH_NUMBERS, factorBetween, relativeError, significantNumbers } from './compare.ts';
import type { Item } from './evidence.ts';
import { explained, withAtom } from './hypothesis.ts';
import { atomOf, type Flow, type Search, times } from './walk.ts';

/**
 * Compares what a hypothesis computes with an array of the candidate, perhaps with a constant factor. Returns nothing if they differ.
 */
export function settle(search: Search, flow: Flow, item: Item, predicted: Dense, place: FactorPlace, k: number): Flow[] {
  const numbers = item.numbers as Float64Array;
  const error = relativeError(numbers, predicted.data);
  if (error <= search.tolerance) return [{ ...explained(flow, item, error), isFree: false }];
  const fit = flow.isFree ? factorBetween(numbers, predicted.data, search.tolerance) : undefined;
  if (!fit) return [];
  const flows = scaled(search, flow, fit.factor, significantNumbers(predicted.data), place, k);
  return flows.map((next) => explained(next, item, fit.error));
}

/** The hypothesis with a constant factor from here on: that of its mistake, or a mistake of its own. `numbers` is how many tell it. */
export function scaled(search: Search, flow: Flow, factor: number, numbers: number, place: FactorPlace, k: number): Flow[] {
  const dA = times(flow.dA, factor);
  const fitted = { ...flow, dA, isFree: false, factor };
  if (flow.fresh !== undefined) {
    const isNamed = namesOfFactor(factor, place, flow.setting, search.tolerance)[0].name !== 'constant-factor';
    if (numbers < ENOUGH_NUMBERS && !isNamed) return [];
    return [{ ...fitted, atoms: flow.atoms.with(flow.fresh, { ...flow.atoms[flow.fresh], factor }) }];
  }
  return namesOfFactor(factor, place, flow.setting, search.tolerance).flatMap(({ name, detail }) => {
    const isConstant = name === 'constant-factor';
    if (isConstant && numbers < ENOUGH_NUMBERS) return [];
    const described = { detail, key: isConstant ? factor.toPrecision(6) : '' };
    const layer = place === 'loss' ? undefined : k + 1;
    const atom = atomOf(name, described, layer, layer === undefined ? '/loss' : `/network/layers/${layer}/weights`);
    return [{ ...withAtom(fitted, atom), fresh: flow.atoms.length }];
  });
}
