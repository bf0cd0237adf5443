// @ts-check
// Formats an answer as tables: numbers, layers, extra values.
import { digits, norm, range } from './statistics.js';

/** @import { Tensor, Tensors } from './documents.js' */

/**
 * @param {Tensors} request
 * @param {Tensors} answer
 */
export function table(request, answer) {
  const entries = [...answer];
  const numbers = entries.filter(([, { shape }]) => shape.length === 0).map(([name, { numbers }]) => [name, `${numbers[0]}`]);
  const arrays = entries.filter(([, { shape }]) => shape.length > 0);
  const layers = arrays.flatMap(([name, gradient]) => {
    const [, layer, parameter] = /^gradients\.(\d+)\.(\w+)$/.exec(name) ?? [];
    const values = request.get(`network.layers.${layer}.${parameter}`);
    return values ? [[layer, parameter, shapeOf(gradient), digits(norm(values)), ...summary(gradient)]] : [];
  });
  const extras = arrays
    .filter(([name]) => !name.startsWith('gradients.'))
    .map(([name, tensor]) => [name, shapeOf(tensor), ...summary(tensor)]);
  return [
    numbers,
    withTitles(['layer', 'parameter', 'shape', 'norm', 'gradient-norm', 'gradient-min', 'gradient-max'], layers),
    withTitles(['array', 'shape', 'norm', 'min', 'max'], extras),
  ]
    .filter((rows) => rows.length > 0)
    .map(lines)
    .join('\n\n');
}

/**
 * @param {string[]} titles
 * @param {string[][]} rows
 */
function withTitles(titles, rows) {
  return rows.length > 0 ? [titles, ...rows] : [];
}

/** @param {Tensor} tensor */
function shapeOf({ shape }) {
  return shape.join('x');
}

/** @param {Tensor} tensor */
function summary(tensor) {
  return [norm(tensor), ...range(tensor)].map((value) => digits(value));
}

/**
 * Formats rows as lines with aligned columns. Cells contain no spaces, so that other programs can split the columns.
 * @param {string[][]} rows
 */
function lines(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
