// What the charts say in words. Layers and samples count from 1 here, as on the page.
import { FAR, type Histogram, NOTABLE, outliers, quantile, type Verdict } from './measures.ts';

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
export function verdictText(weights: Verdict, sums?: Verdict): string {
  if (weights.kind === 'single') return 'With one layer, nothing can vanish or explode on the way back.';
  if (weights.kind === 'zero') {
    const several = weights.layers.length > 1;
    const which = several ? `gradients of layers ${list(weights.layers)} are` : `gradient of layer ${list(weights.layers)} is`;
    return `The ${which} 0, which a logarithmic scale cannot show: ${several ? 'these layers learn' : 'this layer learns'} nothing.`;
  }
  if (weights.kind !== 'even')
    return `Gradients ${weights.kind} on the way back. ${changeText('gradient', weights)} (This is said from ${RULE} on.)`;
  if (sums?.kind === 'vanish' || sums?.kind === 'explode') {
    return (
      `Gradients of weighted sums ${sums.kind} on the way back. ${changeText('gradient of weighted sums', sums)} Those of weights do not show it: ` +
      `each is such a gradient times an input, and inputs change from layer to layer too. (This is said from ${RULE} on.)`
    );
  }
  return `Gradients neither vanish nor explode: that would take ${RULE}. ${changeText('gradient', weights)}`;
}

const RULE = `a factor of ${NOTABLE} between the first and the last layer`;

type Change = Exclude<Verdict, { kind: 'single' | 'zero' }>;

function changeText(what: string, { kind, first, last, factor, perLayer }: Change): string {
  const norms = `The first layer's ${what} has a norm of ${short(first)}, the last layer's ${short(last)}`;
  if (kind === 'even') return `${norms}, a factor of ${short(factor)}.`;
  return `${norms}: ${short(factor)} times ${kind === 'vanish' ? 'smaller' : 'larger'}, about ${short(perLayer)} times with each layer.`;
}

/** At most this many are named. */
const NAMED = 5;

function list(places: readonly number[]): string {
  const names = places.slice(0, NAMED).map((place) => `${place + 1}`);
  const more = places.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** Which samples stand out by the given values; '' if none does. */
export function outlierText(values: readonly number[], what: string): string {
  const places = outliers(values);
  if (places.length === 0) return '';
  const [most, least] = [values[places[0]], values[places[places.length - 1]]];
  const size = places.length > 1 ? `from ${short(least)} to ${short(most)}` : short(most);
  const median = quantile(Float64Array.from(values).sort(), 0.5);
  const who = places.length > 1 ? `Samples ${list(places)} stand out` : `Sample ${list(places)} stands out`;
  return `${who} by ${what}: ${size}, where the median is ${short(median)}.`;
}

/** From when on a sample is said to stand out. */
export const OUTLIER_RULE = `To stand out is to lie above the upper quartile by more than ${FAR} times the distance between the quartiles.`;

/** A histogram for those who do not see it. */
export function histogramText({ values, low, high, mean, deviation, zeros }: Histogram): string {
  const where = low === high ? `${values} values, all ${short(low)}` : `${values} values from ${short(low)} to ${short(high)}`;
  const none = zeros > 0 && low !== high ? `, ${zeros} of them 0` : '';
  return `${where}${none}; mean ${short(mean)}, standard deviation ${short(deviation)}`;
}
