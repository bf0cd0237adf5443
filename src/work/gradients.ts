// The gradients of a batch: the sums over its samples, and the values per sample that a request includes.
import type { DecodedRequest, Extra, GradientsResult } from '../../schemas/gradients.ts';
import { areFinite } from '../../schemas/numbers.ts';
import type { ParameterGradients } from '../backprop/backward.ts';
import { costOf } from '../backprop/cost.ts';
import { gradientNorms } from '../backprop/extras.ts';
import { allFinite, type Results } from '../backprop/finite.ts';
import { planWithLoss, type Question } from './loss-plan.ts';
import { notAdditive, partsWithLoss } from './parts.ts';
import type { PartSize, Parts, Plan } from './plan.ts';
import { sampleExtrasIn } from './with-loss.ts';

/**
 * Plans a request whose answer is the loss of a batch and its gradients.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planGradients(request: DecodedRequest): Plan<GradientsResult> {
  return planWithLoss(request, gradientsWith(new Set(request.include)));
}

/**
 * The same by parts, as `partsWithLoss`.
 * @throws Refusal `shape-mismatch`, or `not-additive` if it asks for values per sample.
 */
export function planGradientParts(request: DecodedRequest, given: number | undefined, size: PartSize): Parts<GradientsResult> {
  const question = gradientsWith(new Set(request.include));
  // Norms of gradients are computed from the sums of all parts.
  const summed = gradientsWith(question.include.filter((name) => name === 'squared_gradients'));
  const parts = partsWithLoss(request, given, size, question, summed);
  const names = sampleExtrasIn(question.include);
  if (names.length > 0)
    throw notAdditive('/include', `expected no values per sample, which a job does not keep, got ${names.join(', ')}`);
  return parts;
}

function gradientsWith(names: Iterable<Extra>): Question<GradientsResult> {
  const include = [...names];
  return {
    include,
    curvature: undefined,
    cost: (sizes, { tileSamples, levels, byTiles }) => costOf(sizes, include, tileSamples, levels, byTiles),
    answer: (results, perSample) => finiteAnswer(results, include, perSample),
    otherwise: { pointer: '/include', detail: 'a norm of gradients is beyond the largest float64' },
  };
}

/** The answer with the values in `include`; undefined if a number of it is not finite. */
function finiteAnswer(
  results: Results,
  include: readonly Extra[],
  perSample: Partial<GradientsResult>,
): GradientsResult | undefined {
  const { gradients, squares } = results;
  const extras: Partial<GradientsResult> = {
    ...perSample,
    ...(include.includes('gradient_norms') && { gradient_norms: gradientNorms(gradients) }),
    ...(squares && { squared_gradients: perLayer(squares) }),
  };
  const included = Object.fromEntries(include.map((name) => [name, extras[name]]));
  return areFiniteResults(results) && allFinite(included) ? { ...lossAnswer(results), ...included } : undefined;
}

/** What every answer with a loss has. */
export function lossAnswer({ loss, divisor, penalty, gradients }: Results) {
  return { loss, gradients: perLayer(gradients), divisor, ...(penalty !== undefined && { penalty }) };
}

/** Arrays with the shapes of parameters as in an answer. */
export function perLayer(gradients: readonly ParameterGradients[]): GradientsResult['gradients'] {
  return gradients.map(({ dW, db }) => (db ? { weights: dW, biases: db } : { weights: dW }));
}

/** Whether loss, divisor and gradients are finite. */
export function areFiniteResults({ loss, divisor, gradients }: Results): boolean {
  if (!Number.isFinite(loss) || !Number.isFinite(divisor)) return false;
  return gradients.every(({ dW, db }) => areFinite(dW.data) && (db === undefined || areFinite(db)));
}
