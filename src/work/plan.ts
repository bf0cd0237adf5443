// A plan: everything that is known about a request before anything is computed.
import type { Cost } from '../backprop/cost.ts';
import type { Sizes } from '../backprop/shapes.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Team } from './team.ts';

/** A request whose shapes are consistent, ready to run. */
export interface Plan<Result extends object> {
  readonly sizes: Sizes;
  readonly cost: Cost;
  /**
   * Computes the result: numbers, Float64Arrays and tensors in the structure of the operation's answer. Without a team, in this thread.
   * @throws Refusal `out-of-domain` or `non-finite-result`.
   */
  run(engine: Engine, team?: Team): Result;
}
