// Second derivatives of the loss: products of a curvature matrix with a vector, the matrix itself, and damped steps by it.
import type { DecodedHessian, DecodedHvp, HessianResult, HvpResult } from '../../schemas/curvature.ts';
import { areFinite, type Tensors } from '../../schemas/numbers.ts';
import type { Parameters } from '../../schemas/parameters.ts';
import type { ParameterGradients } from '../backprop/backward.ts';
import { costOfHessian, costOfProduct } from '../backprop/derivative-costs.ts';
import { allFinite } from '../backprop/finite.ts';
import { checkParameters } from '../backprop/shapes.ts';
import { Dense } from '../linalg/dense.ts';
import { addDot, Sum } from '../linalg/sum.ts';
import { solveShifted } from '../linalg/symmetric.ts';
import { Findings } from '../refusal.ts';
import { areFiniteResults, lossAnswer, perLayer } from './gradients.ts';
import { type LossAt, planWithLoss, type Question } from './loss-plan.ts';
import { notAdditive, partsWithLoss } from './parts.ts';
import type { PartSize, Parts, Plan } from './plan.ts';

/**
 * Plans a request for the product of a curvature matrix with a vector.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planHvp(request: DecodedHvp): Plan<HvpResult> {
  return planWithLoss(request, productWith(request));
}

/** The same by parts, as `partsWithLoss`. */
export function planHvpParts(request: DecodedHvp, given: number | undefined, size: PartSize): Parts<HvpResult> {
  return partsWithLoss(request, given, size, productWith(request));
}

function productWith({ network, vector: given, matrix = 'hessian' }: DecodedHvp): Question<HvpResult> {
  // checkShapes excludes ragged matrices.
  const vector = given as Tensors<Parameters>;
  return {
    include: [],
    curvature: { matrix, vector },
    also: (sizes, findings) => checkParameters('/vector', given, network, sizes, findings),
    cost: costOfProduct,
    answer(results) {
      const products = perLayer(results.products as readonly ParameterGradients[]);
      const along = dot(vector, products);
      // Every loss is convex in the outputs: a Gauss-Newton curvature below 0 is a rounding error.
      const curvature = matrix === 'gauss_newton' ? Math.max(0, along) : along;
      const answer = { ...lossAnswer(results), products, curvature };
      return areFiniteResults(results) && allFinite(answer) ? answer : undefined;
    },
    otherwise: { pointer: '/vector', detail: 'the curvature, vector . products, is beyond the largest float64' },
  };
}

/** The scalar product of two vectors of parameters; what the first one leaves out is 0. */
function dot(a: Tensors<Parameters>, b: HvpResult['products']): number {
  const sum = new Sum();
  const add = (x: Float64Array | undefined, y: Float64Array | undefined) => {
    if (x && y) addDot(x, y, sum);
  };
  a.forEach(({ weights, biases }, k) => {
    add(weights?.data, b[k].weights.data);
    add(biases, b[k].biases);
  });
  return sum.value;
}

/**
 * Plans a request for a curvature matrix, and steps by it.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain`, also for a matrix that is singular, or `non-finite-result`.
 */
export function planHessian(request: DecodedHessian): Plan<HessianResult> {
  const plan = planWithLoss(request, matrixWith(request));
  return {
    ...plan,
    run(engine, team) {
      checkDamping(request.damping);
      return plan.run(engine, team);
    },
  };
}

/**
 * The same by parts, as `partsWithLoss`.
 * @throws Refusal `shape-mismatch`, or `not-additive` if it asks for steps.
 */
export function planHessianParts(request: DecodedHessian, given: number | undefined, size: PartSize): Parts<HessianResult> {
  const parts = partsWithLoss(request, given, size, matrixWith(request));
  if (request.damping)
    throw notAdditive('/damping', 'expected no damping in a job, which does not compute the losses after the steps');
  return parts;
}

/** @throws Refusal `out-of-domain`. */
function checkDamping(damping: Float64Array | undefined): void {
  const findings = new Findings();
  damping?.forEach((mu, i) => {
    if (!(mu >= 0)) findings.add(`/damping/${i}`, `expected a damping, at least 0, got ${mu}`);
  });
  findings.refuse('out-of-domain');
}

function matrixWith({ matrix = 'hessian', damping }: DecodedHessian): Question<HessianResult> {
  return {
    include: [],
    curvature: { matrix, vector: undefined },
    division: 'tiles',
    cost: (sizes, divided) => costOfHessian(sizes, divided, damping?.length ?? 0),
    answer(results, _perSample, lossAt) {
      const hessian = results.matrix as Dense;
      if (!areFiniteResults(results) || !areFinite(hessian.data)) return undefined;
      const steps = damping && lossAt && stepsBy(hessian, results.gradients, damping, lossAt);
      const answer = { ...lossAnswer(results), hessian, ...(steps && { steps }) };
      return allFinite(steps ?? []) ? answer : undefined;
    },
    otherwise: { pointer: '/damping', detail: 'a step is beyond the largest float64: expected a larger damping' },
  };
}

/** @throws Refusal `out-of-domain`, with every damping for which the matrix is singular. */
function stepsBy(
  hessian: Dense,
  gradients: readonly ParameterGradients[],
  damping: Float64Array,
  lossAt: LossAt,
): NonNullable<HessianResult['steps']> {
  const downhill = Float64Array.from(
    gradients.flatMap(({ dW, db }) => [...dW.data, ...(db ?? [])]),
    (value) => -value,
  );
  const findings = new Findings();
  const steps = Array.from(damping, (mu, i) => {
    const solution = solveShifted(hessian, mu, downhill);
    if (!solution) {
      findings.add(
        `/damping/${i}`,
        `the matrix + ${mu} * I is singular, so there is no step: expected a larger damping, got ${mu}`,
      );
      return { damping: mu, step: [] };
    }
    const step = inShapesOf(gradients, solution);
    const loss = lossAt(step);
    return { damping: mu, step: perLayer(step), ...(loss !== undefined && { loss }) };
  });
  findings.refuse('out-of-domain');
  return steps;
}

/** A vector of all parameters, layer by layer. */
function inShapesOf(gradients: readonly ParameterGradients[], numbers: Float64Array): ParameterGradients[] {
  let at = 0;
  const next = (n: number) => {
    at += n;
    return numbers.subarray(at - n, at);
  };
  return gradients.map(({ dW, db }) => ({
    dW: new Dense(dW.rows, dW.columns, next(dW.data.length)),
    db: db && next(db.length),
  }));
}
