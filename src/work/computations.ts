// All computations of tiles, by what is computed.
import type { Results, Total } from '../backprop/finite.ts';
import type { Layer } from '../backprop/network.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Computation } from './computation.ts';
import { Jacobian, type JacobianWork, Jvp, type JvpWork, Vjp, type VjpWork } from './of-outputs.ts';
import { type LossWork, WithLoss } from './with-loss.ts';

export type AnyWork = LossWork | VjpWork | JvpWork | JacobianWork;

/** The results for the whole batch. */
export type ResultsOf<W extends AnyWork> = W extends LossWork ? Results : Total;

const computations: {
  readonly [Kind in AnyWork['kind']]: new (
    work: Extract<AnyWork, { kind: Kind }>,
    layers: readonly Layer[],
    engine: Engine,
  ) => Computation<never>;
} = { loss: WithLoss, vjp: Vjp, jvp: Jvp, jacobian: Jacobian };

export function computationOf<W extends AnyWork>(work: W, layers: readonly Layer[], engine: Engine): Computation<ResultsOf<W>> {
  const Kind = computations[work.kind] as new (...args: unknown[]) => Computation<ResultsOf<W>>;
  return new Kind(work, layers, engine);
}
