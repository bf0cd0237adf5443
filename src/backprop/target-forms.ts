// Targets in a form that the loss does not take: flat lists, class indices in a column, one-hot rows. For error texts.
import { listOf, rowsOf } from '../../schemas/flat-lists.ts';
import { isTensor, type Tensor } from '../../schemas/numbers.ts';

/** The sizes of a network and its batch. */
interface Sizes {
  readonly samples: number;
  readonly units: readonly number[];
}

/** The error text for a flat list with a loss that needs a matrix. */
export function flatTargets(targets: Float64Array, name: string, { samples, units }: Sizes, columns: boolean): string {
  const outputs = units[units.length - 1];
  const expected = `expected a matrix of targets for ${name}`;
  if (outputs === 1) {
    const example = columns ? `one row for the output: [${listOf(targets)}]` : `one row per sample: ${rowsOf(targets)}`;
    return `${expected}, ${example}, got a flat list`;
  }
  const areClasses = targets.length === samples && targets.every((t) => t >= 0 && t < outputs);
  const hint = areClasses ? '; class indices are for cross_entropy and nll' : '';
  const rows = columns ? `${outputs} rows, one per output` : `one row of ${outputs} values per sample`;
  return `${expected}, ${rows}, got a flat list of ${targets.length}${hint}`;
}

/** The error text for a matrix with a loss that needs class indices. */
export function notIndices(targets: Tensor | number[][], name: string, sizes: Sizes, columns: boolean): string {
  const indices = isTensor(targets) ? (oneHot(targets, sizes, columns) ?? line(targets)) : undefined;
  return `expected a list of class indices for ${name}, got a matrix${indices ? `: write ${listOf(indices)}` : ''}`;
}

/** The error text for class indices in a column or a row, where rows of probabilities could be; undefined for other targets. */
export function indicesInLine(targets: Tensor | number[][], { samples, units }: Sizes, columns: boolean): string | undefined {
  const outputs = units[units.length - 1];
  if (!isTensor(targets)) return undefined;
  const indices = line(targets);
  const [rows, perRow] = columns ? [outputs, samples] : [samples, outputs];
  if (!indices || (rows === targets.shape[0] && perRow === targets.shape[1])) return undefined;
  return `expected class indices as a flat list: ${listOf(indices)}, or ${outputs} probabilities per sample, got ${targets.shape.join(' x ')} numbers`;
}

/** The integers of a matrix of one row or one column. */
function line({ shape, data }: Tensor): Float64Array | undefined {
  return shape.includes(1) && data.every(Number.isInteger) ? data : undefined;
}

/** The index of the 1 of each sample; undefined if they are not one-hot. */
function oneHot({ shape, data }: Tensor, { samples, units }: Sizes, columns: boolean): number[] | undefined {
  const outputs = units[units.length - 1];
  const [rows, perRow] = columns ? [outputs, samples] : [samples, outputs];
  if (shape[0] !== rows || shape[1] !== perRow) return undefined;
  const indices = new Array<number>(samples).fill(-1);
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const [sample, output] = columns ? [i % perRow, Math.floor(i / perRow)] : [Math.floor(i / perRow), i % perRow];
    if (data[i] !== 1 || indices[sample] >= 0) return undefined;
    indices[sample] = output;
  }
  return indices.includes(-1) ? undefined : indices;
}
