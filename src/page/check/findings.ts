// What a comparison shows in the picture and among the steps.
import type { CheckRequest } from '../../../schemas/check.ts';
import type { Computed } from '../request/computed.ts';
import type { Mark } from '../state.ts';
import type { NumberOf } from '../steps/step.ts';

type Rows = readonly (readonly number[])[];

/** The units and edges of the picture by their keys: right or wrong. A unit is wrong if any of its numbers is. */
export function marksOf(run: Computed, candidate: CheckRequest['candidate'], tolerance: number): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  const put = (key: string, isRight: boolean) => {
    if (marks.get(key) !== 'wrong') marks.set(key, isRight ? 'right' : 'wrong');
  };
  const compare = (mine: unknown, right: Rows, keyOf: (i: number, j: number) => string) => {
    if (!hasShape(mine, right)) return;
    const largest = Math.max(...right.flat().map(Math.abs));
    for (const [i, row] of right.entries())
      for (const [j, value] of row.entries()) put(keyOf(i, j), Math.abs(mine[i][j] - value) <= tolerance * largest);
  };
  const { gradients } = run.answer;
  candidate.gradients?.forEach(({ weights, biases }, layer) => {
    compare(weights, gradients[layer].weights, (i, j) => `${layer + 1}:${i}:${j}`);
    compare([biases], [gradients[layer].biases ?? []], (_, j) => `${layer + 1}:${j}`);
  });
  const ofSamples = (mine: unknown, right: Rows, column: number) =>
    compare(mine, right, (i, j) => `${column}:${run.place(i, j)[1]}`);
  candidate.trace?.forEach((layer, k) => {
    for (const [name, mine] of Object.entries(layer)) {
      const right = run.trace[k][name as keyof typeof layer];
      if (right) ofSamples(mine, right, name === 'inputs' || name === 'input_gradients' ? k : k + 1);
    }
  });
  if (candidate.outputs) ofSamples(candidate.outputs, run.trace[run.layers - 1].outputs, run.layers);
  return marks;
}

function hasShape(mine: unknown, right: Rows): mine is Rows {
  return (
    Array.isArray(mine) &&
    mine.length === right.length &&
    mine.every((row, i) => Array.isArray(row) && row.length === right[i].length)
  );
}

/** The number of a step's result that an array of the candidate is compared with; `index` is the number in the array. */
export function numberAt(pointer: string, index: readonly number[], run: Computed): NumberOf {
  const [, , array, at, name] = pointer.split('/');
  const layer = Number(at ?? 0);
  const last = run.layers - 1;
  const [i = 0, j = 0] = index;
  if (array === 'loss') return { kind: 'L', layer: last, i: 0, j: 0 };
  if (array === 'outputs') return { kind: 'Y', layer: last, i, j };
  switch (name) {
    case 'weights':
      return { kind: 'dW', layer, i, j };
    case 'biases':
      return { kind: 'db', layer, i: run.columns ? i : 0, j: run.columns ? 0 : i };
    case 'inputs':
      return layer === 0 ? { kind: 'X', layer, i, j } : { kind: 'Y', layer: layer - 1, i, j };
    case 'pre_activations':
      return { kind: 'Z', layer, i, j };
    case 'outputs':
      return { kind: 'Y', layer, i, j };
    case 'output_gradients':
      return layer === last ? { kind: 'dY', layer, i, j } : { kind: 'dX', layer: layer + 1, i, j };
    case 'input_gradients':
      return { kind: 'dX', layer, i, j };
    default:
      return { kind: 'dZ', layer, i, j };
  }
}

/** A program's print of the gradients with a common mistake: the gradients of the biases are means over the samples. */
export function wrongPrint({ answer, samples }: Computed): string {
  const lines = answer.gradients.flatMap(({ weights, biases }, k) => [
    `dW${k + 1} = ${numpy(weights)}`,
    ...(biases ? [`db${k + 1} = ${numpy([biases.map((value) => value / samples)]).slice(1, -1)}`] : []),
  ]);
  return lines.join('\n');
}

function numpy(rows: Rows): string {
  return `[${rows.map((row) => `[${row.map((value) => value.toFixed(8)).join(' ')}]`).join('\n ')}]`;
}
