// What a thread computes for the request of another thread.
import type { Engine } from '../linalg/engine.ts';
import { computeTiles } from './run.ts';
import { computeActivation, computeProduct } from './split.ts';
import type { Team } from './team.ts';

/** By the names of tasks: makes the function that computes a part, from the argument of the task, which has been cloned. */
export const tasks: Readonly<
  Record<string, (argument: object, engine: Engine, team: Pick<Team, 'inTurn'>) => (part: number) => void>
> = {
  product: computeProduct,
  activation: computeActivation,
  tiles: computeTiles,
};
