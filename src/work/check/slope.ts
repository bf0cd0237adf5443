// The derivative of a layer's activation in the backward pass: ∂loss/∂pre-activations from ∂loss/∂outputs.
import { pullBack, slopesOf } from '../../backprop/activation.ts';
import { mistakesIn } from '../../backprop/mistakes/catalogue.ts';
import type { SlopeLine } from '../../backprop/mistakes/change.ts';
import type { Dense } from '../../linalg/dense.ts';
import { relativeError } from './compare.ts';
import { explained, missed, pendingIn, withAtom } from './hypothesis.ts';
import { settle } from './settle.ts';
import { atomOf, type Flow, isOpen, isOpenWay, observed, product, type Search, shaped } from './walk.ts';

/** Visits what ∂loss/∂pre-activations of layer k may be: by the right line and, if it may be wrong, with each mistake. */
export function eachSlope(
  search: Search,
  flow: Flow,
  k: number,
  visit: (flow: Flow, dZ: Dense) => void,
  mayBeWrong: boolean,
): void {
  const { setting, steps, dA } = flow;
  const { scratch } = setting.engine;
  const slopeItem = shaped(search.evidence.at(k, 'slopes'));
  const item = shaped(search.evidence.at(k, 'pre_activation_gradients'));
  const { f } = setting.layers[k];
  const { Z, A } = steps[k];
  let isFound = false;
  let isRight = false;
  const attempt = (start: Flow, slopes: Dense | undefined, direct: Dense | undefined) => {
    let next = start;
    let used = slopes;
    if (slopeItem) {
      const error = slopes ? relativeError(slopeItem.numbers as Float64Array, slopes.data) : Infinity;
      if (error > search.tolerance) return;
      next = explained(next, slopeItem, error);
      used = observed(slopeItem, slopes as Dense);
    }
    const dZ = used && (slopeItem || !direct) ? product(used, next.dA, scratch) : (direct as Dense);
    const settled = item ? settle(search, next, item, dZ, flow.above ? 'inputs' : 'loss', k) : [next];
    for (const one of settled) {
      isFound = true;
      isRight ||= one.atoms.length === flow.atoms.length;
      visit(one, item ? observed(item, dZ) : dZ);
    }
  };
  const right = slopesOf(f, Z, A, scratch);
  attempt(flow, slopeItem ? right : undefined, pullBack(f, dA, Z, A, scratch, false));
  const isObserved = slopeItem !== undefined || item !== undefined;
  const pending = pendingIn({ ...flow, atoms: flow.atoms.slice(0, flow.fresh ?? flow.atoms.length) });
  const isSettled = flow.fresh === undefined || flow.atoms[flow.fresh].explains.length > 0;
  if (mayBeWrong && isSettled && !(isRight && isObserved)) {
    const line: SlopeLine = { setting, steps, k, dA };
    for (const [mistake, { changes }] of mistakesIn('slopes'))
      for (const change of isOpen(search, pending, mistake) ? changes(line) : [])
        if (isOpenWay(pending, mistake, change))
          scratch.reuse(() => {
            search.meter.numbers(4 * dA.data.length);
            search.meter.trials(1);
            const value = change.compute() as { slopes?: Dense; dZ?: Dense } | undefined;
            if (!value) return;
            const atom = atomOf(mistake, change, k, `/network/layers/${k}/activation`);
            attempt({ ...withAtom(flow, atom), fresh: flow.atoms.length, isFree: flow.isFree }, value.slopes, value.dZ);
          });
  }
  if (isFound) return;
  // Nothing explains what the candidate has here.
  let next = flow;
  let dZ = pullBack(f, dA, Z, A, scratch, false);
  if (slopeItem && !(right && relativeError(slopeItem.numbers as Float64Array, right.data) <= search.tolerance)) {
    next = missed(next, true);
    dZ = product(observed(slopeItem, dA), dA, scratch);
  }
  if (item) {
    const error = relativeError(item.numbers as Float64Array, dZ.data);
    next = error <= search.tolerance ? explained(next, item, error) : missed(next, true);
    dZ = observed(item, dZ);
  }
  visit(next, dZ);
}
