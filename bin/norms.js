// @ts-check
// The norms of weights and gradients as bars: where gradients vanish or explode shows.
import { styleText } from 'node:util';
import { digits, norm } from './statistics.js';

/** @import { Tensors } from './documents.js' */

/** The width where there is no terminal that has one, in letters. */
const WIDTH = 80;

/** A bar's last letter, by eighths of it. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * @param {Tensors} request
 * @param {Tensors} answer
 * @param {{ isTTY?: boolean, columns?: number, hasColors?(): boolean }} stream where they are to be shown
 * @param {NodeJS.ProcessEnv} environment
 */
export function normBars(request, answer, stream, environment) {
  const rows = layersOf(request, answer).flatMap(({ weights, gradient }, k) => [
    { label: `layer ${k}  weights `, value: weights, colour: /** @type {const} */ ('blue') },
    { label: `${' '.repeat(`layer ${k}`.length)}  gradient`, value: gradient, colour: /** @type {const} */ ('yellow') },
  ]);
  const positive = rows.map(({ value }) => value).filter((value) => value > 0);
  const low = positive.length > 0 ? Math.floor(Math.log10(Math.min(...positive))) : 0;
  const high = Math.max(low + 1, positive.length > 0 ? Math.ceil(Math.log10(Math.max(...positive))) : 0);
  const labels = Math.max(...rows.map(({ label }) => label.length));
  const values = Math.max(...rows.map(({ value }) => digits(value, 4).length));
  const columns = stream.columns || Number(environment.COLUMNS) || WIDTH;
  const width = Math.max(8, columns - labels - values - 4);
  const isColoured = Boolean(stream.isTTY && stream.hasColors?.());
  const bars = rows.map(({ label, value, colour }) => {
    const drawn = value > 0 ? bar((Math.log10(value) - low) / (high - low), width) : '';
    const shown = isColoured && drawn ? styleText(colour, drawn, { validateStream: false }) : drawn;
    return `${label.padEnd(labels)}  ${digits(value, 4).padStart(values)}  ${shown}`.trimEnd();
  });
  const scale = `${`${10 ** low}`.padEnd(width - `${10 ** high}`.length)}${10 ** high}`;
  const loss = answer.get('loss')?.numbers[0];
  return [`loss ${loss}`, '', `${'norm, logarithmic'.padEnd(labels + values + 4)}${scale}`, ...bars].join('\n');
}

/**
 * Per layer the norms of its weights and of their gradient.
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
