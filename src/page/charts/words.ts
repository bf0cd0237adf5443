// What the charts say in words. Layers and samples count from 1 here, as on the page.
import type { Dictionary } from '../text/en.ts';
import { FAR, type Histogram, NOTABLE, outliers, quantile, type Verdict } from './measures.ts';

export type ChartsText = Dictionary['charts'];

/** A number to three digits. */
export function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? rounded.toExponential().replace('e+', 'e') : `${rounded}`;
}

/**
 * Whether gradients vanish or explode, by how much, and from when on that is said. Those of the weighted sums are named where only they do:
 * a weight's gradient is such a one times an input, and may stay alike while both change.
 */
export function verdictText(t: ChartsText, weights: Verdict, sums?: Verdict): string {
  if (weights.kind === 'single') return t.verdict.single;
  if (weights.kind === 'zero') return t.verdict.zero(list(t, weights.layers), weights.layers.length > 1);
  if (weights.kind !== 'even') return t.verdict.weights(changeText(weights, false), NOTABLE);
  if (sums?.kind === 'vanish' || sums?.kind === 'explode') return t.verdict.sums(changeText(sums, true), NOTABLE);
  return t.verdict.even(changeText(weights, false), NOTABLE);
}

type Change = Exclude<Verdict, { kind: 'single' | 'zero' }>;

function changeText({ kind, first, last, factor, perLayer }: Change, ofSums: boolean) {
  return { kind, ofSums, first: short(first), last: short(last), factor: short(factor), perLayer: short(perLayer) };
}

/** At most this many are named. */
const NAMED = 5;

function list(t: ChartsText, places: readonly number[]): string {
  const names = places.slice(0, NAMED).map((place) => `${place + 1}`);
  return t.list(names, places.length - names.length);
}

/** Which samples stand out by the given values; '' if none does. */
export function outlierText(t: ChartsText, values: readonly number[], by: string): string {
  const places = outliers(values);
  if (places.length === 0) return '';
  const [most, least] = [values[places[0]], values[places[places.length - 1]]];
  const median = quantile(Float64Array.from(values).sort(), 0.5);
  return t.samples.outliers(list(t, places), places.length > 1, by, [short(least), short(most)], short(median));
}

/** From when on a sample is said to stand out. */
export const outlierRule = (t: ChartsText) => t.samples.rule(FAR);

/** A histogram for those who do not see it. */
export function histogramText(t: ChartsText, { values, low, high, mean, deviation, zeros }: Histogram): string {
  const where = low === high ? t.histograms.same(values, short(low)) : t.histograms.range(values, short(low), short(high));
  const none = zeros > 0 && low !== high ? t.histograms.zeros(zeros) : '';
  return `${where}${none}${t.histograms.rest(short(mean), short(deviation))}`;
}
