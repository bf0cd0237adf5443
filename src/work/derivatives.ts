// Derivatives of the network's outputs: their products with vectors, and the Jacobian itself.
import type { ArrayInputs } from '../../schemas/batch.ts';
import type { DecodedJacobian, DecodedJvp, DecodedVjp, JacobianResult, JvpResult, VjpResult } from '../../schemas/derivatives.ts';
import type { Network } from '../../schemas/network.ts';
import type { MaybeRagged, Tensor, Tensors } from '../../schemas/numbers.ts';
import type { Parameters } from '../../schemas/parameters.ts';
import type { Cost } from '../backprop/cost.ts';
import { costOfJacobian, costOfJvp, costOfVjp, type Divided } from '../backprop/derivative-costs.ts';
import { allFinite } from '../backprop/finite.ts';
import { checkInputShapes, checkInputTangents, checkParameters, type Sizes } from '../backprop/shapes.ts';
import type { Outcome, Work } from './computation.ts';
import type { AnyWork } from './computations.ts';
import { perLayer } from './gradients.ts';
import { dividedBy } from './loss-plan.ts';
import type { JacobianWork, JvpWork, VjpWork } from './of-outputs.ts';
import type { Plan } from './plan.ts';
import { Run } from './run.ts';
import { alone } from './team.ts';
import { type Division, divisionOf, tilingOf } from './tiles.ts';

interface Request {
  readonly network: MaybeRagged<Network>;
  readonly batch: MaybeRagged<ArrayInputs>;
}

/**
 * Plans a vector-Jacobian product: of the cotangents with the derivatives of the outputs.
 * @throws Refusal `shape-mismatch`; `run` throws `non-finite-result`.
 */
export function planVjp(request: DecodedVjp): Plan<VjpResult> {
  const cotangents = request.cotangents as Tensor;
  return planOf<VjpWork, VjpResult>(
    request,
    checkInputShapes(request),
    costOfVjp,
    { kind: 'vjp', cotangents },
    ({ perSample, total }) => {
      const { outputs, input_gradients } = perSample as Pick<VjpResult, 'outputs' | 'input_gradients'>;
      return { outputs, gradients: perLayer(total.terms), input_gradients };
    },
  );
}

/**
 * Plans a Jacobian-vector product: the derivatives of the outputs along the tangents.
 * @throws Refusal `shape-mismatch`; `run` throws `non-finite-result`.
 */
export function planJvp(request: DecodedJvp): Plan<JvpResult> {
  const { network, batch, tangents } = request;
  const { parameters = [], inputs } = tangents;
  const sizes = checkInputShapes(request, (sizes, findings) => {
    checkParameters('/tangents/parameters', parameters, network, sizes, findings);
    if (inputs) checkInputTangents('/tangents/inputs', inputs, sizes, batch.samples === 'columns', findings);
  });
  const direction = { parameters: parameters as Tensors<Parameters>, inputs: inputs as Tensor | undefined };
  const result = ({ perSample }: Outcome) => perSample as unknown as JvpResult;
  return planOf<JvpWork, JvpResult>(request, sizes, costOfJvp, { kind: 'jvp', ...direction }, result);
}

/**
 * Plans the Jacobian of each sample's outputs.
 * @throws Refusal `shape-mismatch`; `run` throws `non-finite-result`.
 */
export function planJacobian(request: DecodedJacobian): Plan<JacobianResult> {
  const { of } = request;
  const cost = (sizes: Sizes, divided: Divided) => costOfJacobian(sizes, divided, of);
  const result = ({ perSample }: Outcome) => perSample as unknown as JacobianResult;
  return planOf<JacobianWork, JacobianResult>(
    request,
    checkInputShapes(request),
    cost,
    { kind: 'jacobian', of },
    result,
    'tiles',
  );
}

function planOf<W extends Exclude<AnyWork, { kind: 'loss' }>, Result extends object>(
  request: Request,
  sizes: Sizes,
  cost: (sizes: Sizes, divided: Divided) => Cost,
  own: Omit<W, keyof Work | 'inColumns'>,
  result: (outcome: Outcome) => Result,
  given?: Division,
): Plan<Result> {
  const tiling = tilingOf(sizes);
  const division = given ?? divisionOf(sizes, tiling);
  // The shapes have been checked: no matrix is ragged.
  const { network, batch } = request as Tensors<Request>;
  const inColumns = batch.samples === 'columns';
  const work = { network, batch, inColumns, start: 0, origin: 0, tiling, ...own } as unknown as W;
  return {
    sizes,
    cost: cost(sizes, dividedBy(tiling, division)),
    run(engine, team = alone) {
      const run = new Run<W>(work, division, engine, team);
      const outcome = run.whole();
      const answer = result(outcome);
      if (!allFinite(answer)) throw run.search(outcome.total as never, NOTHING_ELSE).refusal;
      return answer;
    },
  };
}

/** All values of these answers are values of the passes. */
const NOTHING_ELSE = { pointer: '', detail: 'a sum over samples is beyond the largest float64' };
