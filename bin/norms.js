// @ts-check
// The norms of weights and gradients as bars, which show vanishing and exploding gradients.
import { styleText } from 'node:util';
import { digits, norm } from './statistics.js';

/** @import { Tensors } from './documents.js' */

/** The default width, if the terminal does not report one. */
const WIDTH = 80;

/** The last character of a bar, by eighths. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * @param {Tensors} request
 * @param {Tensors} answer
 * @param {{ isTTY?: boolean, columns?: number, hasColors?(): boolean }} stream where they are to be shown
 * @param {NodeJS.ProcessEnv} environment
 */
export function normBars(request, answer, stream, environment) {
  const rows = rowsOf(request, answer);
  const names = Math.max(...rows.map(({ name }) => name.length));
  const values = Math.max(...rows.map(({ value }) => digits(value, 4).length));
  const columns = stream.columns || Number(environment.COLUMNS) || WIDTH;
  const width = Math.max(8, columns - names - values - 4);
  const { low, high } = decades(rows.map(({ value }) => value));
  const isColoured = stream.isTTY && stream.hasColors?.();
  const bars = rows.map(({ name, value, colour }) => {
    const drawn = value > 0 ? bar((Math.log10(value) - low) / (high - low), width) : '';
    const shown = isColoured && drawn ? styleText(colour, drawn, { validateStream: false }) : drawn;
    return `${name}  ${digits(value, 4).padStart(values)}  ${shown}`.trimEnd();
  });
  // Parsed, since 10 ** 191 is not exactly 1e191 on all platforms.
  const [left, right] = [low, high].map((exponent) => `${Number(`1e${exponent}`)}`);
  const scale = `${'norm, logarithmic'.padEnd(names + values + 4)}${left.padEnd(width - right.length)}${right}`;
  return [`loss ${answer.get('loss')?.numbers[0]}`, '', scale, ...bars].join('\n');
}

/**
 * Two rows per layer: its weights and their gradient.
 * @param {Tensors} request
 * @param {Tensors} answer
 */
function rowsOf(request, answer) {
  const layers = layersOf(request, answer);
  const digits = `${layers.length - 1}`.length;
  return layers.flatMap(({ weights, gradient }, k) => {
    const layer = `layer ${`${k}`.padStart(digits)}`;
    return [
      { name: `${layer}  weights `, value: weights, colour: /** @type {const} */ ('blue') },
      { name: `${' '.repeat(layer.length)}  gradient`, value: gradient, colour: /** @type {const} */ ('yellow') },
    ];
  });
}

/**
 * The exponents of the powers of ten that enclose all positive values.
 * @param {number[]} values
 */
function decades(values) {
  const exponents = values.filter((value) => value > 0).map(Math.log10);
  if (exponents.length === 0) return { low: 0, high: 1 };
  const low = Math.floor(Math.min(...exponents));
  return { low, high: Math.max(low + 1, Math.ceil(Math.max(...exponents))) };
}

/**
 * The norms of the weights and of their gradient, per layer.
 * @param {Tensors} request
 * @param {Tensors} answer
 */
function layersOf(request, answer) {
  const layers = [];
  for (let k = 0; ; k++) {
    const weights = request.get(`network.layers.${k}.weights`);
    const gradient = answer.get(`gradients.${k}.weights`);
    if (!weights || !gradient) return layers;
    layers.push({ weights: norm(weights), gradient: norm(gradient) });
  }
}

/**
 * @param {number} part of the width
 * @param {number} width
 */
function bar(part, width) {
  const eighths = Math.max(1, Math.round(part * width * 8));
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}
