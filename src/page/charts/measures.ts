// What the charts show, computed from a request and its answer.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';

type Rows = readonly (readonly number[])[];

/** Norms of one layer: of its weights, of their gradients, and of the gradients of its weighted sums, if the answer has these. */
export interface LayerNorms {
  readonly weights: number;
  readonly gradients: number;
  readonly sums: number | undefined;
}

/** The norms of each layer, first to last. */
export function layerNorms({ network }: GradientsRequest, { gradients, gradient_norms, trace }: GradientsAnswer): LayerNorms[] {
  return network.layers.map(({ weights }, k) => ({
    weights: norm(weights),
    gradients: gradient_norms?.layers[k].weights ?? norm(gradients[k].weights),
    sums: trace && norm(trace[k].pre_activation_gradients),
  }));
}

/** The L2 norm of all values of some rows. */
export function norm(rows: Rows): number {
  const squares = sumOfSquares(rows, 1);
  if (squares > 1e-200 && squares < Number.POSITIVE_INFINITY) return Math.sqrt(squares);
  // Where squares are too large for float64, or too small, those of the values in proportion to the largest are neither.
  let largest = 0;
  for (const row of rows) for (const value of row) largest = Math.max(largest, Math.abs(value));
  return largest && largest * Math.sqrt(sumOfSquares(rows, largest));
}

function sumOfSquares(rows: Rows, scale: number): number {
  let sum = 0;
  for (const row of rows) for (const value of row) sum += (value / scale) * (value / scale);
  return sum;
}

/** From this factor on between the first and the last layer, gradients are said to vanish or explode. */
export const NOTABLE = 100;

/** How some gradients of the first layer compare with those of the last, by their norms. */
export type Verdict =
  | { readonly kind: 'single' }
  | { readonly kind: 'zero'; readonly layers: readonly number[] }
  /** `factor` is how many times as large as the smaller norm the larger is, `perLayer` that for each step from layer to layer. */
  | {
      readonly kind: 'vanish' | 'explode' | 'even';
      readonly first: number;
      readonly last: number;
      readonly factor: number;
      readonly perLayer: number;
    };

export function verdict(gradients: readonly number[]): Verdict {
  const zero = [...gradients.keys()].filter((k) => gradients[k] === 0);
  if (zero.length > 0) return { kind: 'zero', layers: zero };
  if (gradients.length === 1) return { kind: 'single' };
  const [first, last] = [gradients[0], gradients[gradients.length - 1]];
  const factor = Math.max(first, last) / Math.min(first, last);
  const perLayer = factor ** (1 / (gradients.length - 1));
  const kind = factor < NOTABLE ? 'even' : first < last ? 'vanish' : 'explode';
  return { kind, first, last, factor, perLayer };
}

/** How often values fall into each of equally wide bins, from `low` to `high`. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
  readonly values: number;
  readonly zeros: number;
  readonly mean: number;
  readonly deviation: number;
}

/** The histogram of all values, of which there is at least one. Where they are all the same, they are in one bin. */
export function histogram(rows: Rows, bins: number): Histogram {
  let [low, high, values, zeros] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const row of rows) {
    values += row.length;
    for (const value of row) {
      if (value < low) low = value;
      if (value > high) high = value;
      if (value === 0) zeros++;
    }
  }
  // Of values between -1 and 1, no difference and no square is infinite.
  const scale = Math.max(-low, high) || 1;
  const [from, width] = [low / scale, high / scale - low / scale];
  const counts = new Uint32Array(width > 0 ? bins : 1);
  let sum = 0;
  for (const row of rows) {
    for (const value of row) {
      sum += value / scale;
      counts[width > 0 ? Math.min(bins - 1, Math.floor(((value / scale - from) / width) * bins)) : 0]++;
    }
  }
  const mean = sum / values;
  let squares = 0;
  for (const row of rows) for (const value of row) squares += (value / scale - mean) ** 2;
  return { low, high, counts: [...counts], values, zeros, mean: mean * scale, deviation: Math.sqrt(squares / values) * scale };
}

/** What each sample has of the loss and, as a norm, of the gradient of all parameters; undefined what the answer does not tell. */
export interface SampleShares {
  readonly losses: readonly number[] | undefined;
  readonly norms: readonly number[] | undefined;
}

export function sampleShares(request: GradientsRequest, answer: GradientsAnswer): SampleShares {
  return { losses: answer.per_sample_losses, norms: normsOfShares(answer) ?? normsOfTrace(request, answer) };
}

function normsOfShares({ per_sample_gradients }: GradientsAnswer): number[] | undefined {
  return per_sample_gradients?.[0].weights.map((_, sample) => {
    const parts = per_sample_gradients.map(({ weights, biases }) => [norm(weights[sample]), norm([biases?.[sample] ?? []])]);
    return norm(parts);
  });
}

/** A sample's gradient of weights is an outer product, of pre-activation gradients and inputs: its norm is the product of theirs. */
function normsOfTrace({ network, batch }: GradientsRequest, { trace }: GradientsAnswer): number[] | undefined {
  const columns = batch.samples === 'columns';
  const layers = trace?.map((layer, k) => {
    const inputs = normsOfSamples(layer.inputs, columns);
    const one = network.layers[k].biases ? 1 : 0;
    return normsOfSamples(layer.pre_activation_gradients, columns).map((delta, sample) => [delta * inputs[sample], delta * one]);
  });
  return layers?.[0].map((_, sample) => norm(layers.map((layer) => layer[sample])));
}

/** The norm of each sample's values, a sample being a row or a column. */
function normsOfSamples(rows: Rows, columns: boolean): number[] {
  if (!columns) return rows.map((row) => norm([row]));
  return rows[0].map((_, sample) => norm([rows.map((row) => row[sample])]));
}

/** How many times the distance between the quartiles an outlier is above the upper one. */
export const FAR = 3;

/** The places of the values that lie far above the others, the largest first. */
export function outliers(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const [lower, upper] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  // What differs only by rounding is the same.
  const limit = upper + Math.max(FAR * (upper - lower), 1e-9 * Math.abs(upper));
  return [...values.keys()].filter((i) => values[i] > limit).sort((a, b) => values[b] - values[a]);
}

/** The quantile of sorted values, between two of them in proportion. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const before = Math.floor(place);
  const after = Math.min(before + 1, sorted.length - 1);
  return sorted[before] + (place - before) * (sorted[after] - sorted[before]);
}
