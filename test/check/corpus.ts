// A corpus of wrong backward passes, written by hand: each is a program with one wrong line, and the mistake that it is.
import type { MistakeName } from '../../schemas/mistake.ts';
import { type Lines, type Problem, problem, requestOf, run } from './program.ts';

/** A wrong program. */
export interface Wrong {
  readonly mistake: MistakeName;
  readonly p: Problem;
  readonly lines: Partial<Lines>;
  /** What is done to the results at last. */
  readonly finish: ((results: Results) => Partial<Results>) | undefined;
  /** Whether the mistake shows in the trace only. */
  readonly needsTrace: boolean;
}

export type Results = ReturnType<typeof run>;

export const wrong = (
  mistake: MistakeName,
  p: Problem,
  lines: Partial<Lines>,
  finish?: (results: Results) => Partial<Results>,
  needsTrace = false,
): Wrong => ({ mistake, p, lines, finish, needsTrace });

/** The request to /check for a wrong program; the candidate has the trace only if asked for. */
export function checkOf({ p, lines, finish, needsTrace }: Wrong, withTrace: boolean) {
  const results = run(p, lines);
  const { trace, outputs, ...candidate } = { ...results, ...finish?.(results) };
  return {
    ...requestOf(p),
    candidate: { ...candidate, ...((withTrace || needsTrace) && { outputs, trace }) },
  };
}

// Networks. Sizes differ so that shapes tell what they can; square ones are for mistakes that only fit there.
export const tanhMse = problem(1, [3, 4, 5, 2], ['tanh', 'tanh', 'identity'], 'mse');
export const sigmoidMse = problem(2, [3, 5, 4, 2], ['sigmoid', 'sigmoid', 'sigmoid'], 'mse');
export const reluMse = problem(3, [3, 8, 7, 2], ['relu', 'relu', 'identity'], 'mse');
export const softplusMse = problem(4, [3, 4, 5, 2], ['softplus', 'softplus', 'identity'], 'mse');
export const geluMse = problem(5, [3, 4, 5, 2], ['gelu', 'gelu', 'identity'], 'mse');
export const tanhCe = problem(6, [3, 4, 5, 3], ['tanh', 'tanh', 'identity'], 'cross_entropy');
export const sigmoidCe = problem(7, [3, 5, 4, 4], ['sigmoid', 'sigmoid', 'identity'], 'cross_entropy');
export const reluCe = problem(8, [4, 8, 7, 3], ['relu', 'relu', 'identity'], 'cross_entropy', { samples: 8 });
export const geluCe = problem(9, [3, 6, 5, 3], ['gelu', 'gelu', 'identity'], 'cross_entropy');
export const tanhBce = problem(10, [3, 4, 5, 2], ['tanh', 'tanh', 'identity'], 'binary_cross_entropy_with_logits');
export const reluBce = problem(11, [4, 8, 7, 2], ['relu', 'relu', 'identity'], 'binary_cross_entropy_with_logits');
export const softplusBce = problem(12, [3, 4, 5, 2], ['softplus', 'softplus', 'identity'], 'binary_cross_entropy_with_logits');
export const squareTanh = problem(13, [4, 4, 4, 3], ['tanh', 'tanh', 'identity'], 'mse');
export const squareRelu = problem(14, [5, 5, 5, 2], ['relu', 'relu', 'identity'], 'cross_entropy', { samples: 8 });
export const squareSigmoid = problem(15, [4, 4, 4, 2], ['sigmoid', 'sigmoid', 'identity'], 'binary_cross_entropy_with_logits');
