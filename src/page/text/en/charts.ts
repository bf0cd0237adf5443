// The charts, and what they say in words. Layers and samples count from 1.

/** A change of gradients from the last layer to the first, its numbers as texts. */
export interface ChangeText {
  readonly kind: 'vanish' | 'explode' | 'even';
  /** Whether it is about the gradients of weighted sums; otherwise of weights. */
  readonly ofSums: boolean;
  readonly first: string;
  readonly last: string;
  readonly factor: string;
  readonly perLayer: string;
}

function changed({ kind, ofSums, first, last, factor, perLayer }: ChangeText): string {
  const what = ofSums ? 'gradient of weighted sums' : 'gradient';
  const norms = `The first layer's ${what} has a norm of ${first}, the last layer's ${last}`;
  if (kind === 'even') return `${norms}, a factor of ${factor}.`;
  return `${norms}: ${factor} times ${kind === 'vanish' ? 'smaller' : 'larger'}, about ${perLayer} times per layer.`;
}

const rule = (notable: number) => `a factor of ${notable} between the first and the last layer`;

export const charts = {
  tab: 'Charts',
  title: 'Do gradients vanish or explode?',
  intro:
    'In the backward pass, each layer multiplies the gradient by its weights and by the slope of its activation. If this shrinks the gradient layer after layer, the first layers hardly learn; if it enlarges it, their steps are far too large. A single odd sample can also outweigh all others.',
  caption: (title: string) => `${title}. `,
  asTable: (title: string) => `${title} as a table`,
  moreRows: (count: number, of: number) => `The other ${count} of ${of} rows are not shown.`,
  list: (names: readonly string[], more: number) =>
    [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ').replace(/, ([^,]*)$/, ' and $1'),
  series: { weights: 'weights', gradients: 'gradients of weights', sums: 'gradients of weighted sums' },
  layer: 'layer',
  sample: 'sample',
  norms: {
    title: 'Norms per layer',
    shown: 'Shown are L2 norms.',
    ratio: 'gradients of weights / weights',
    norm: 'norm',
  },
  verdict: {
    single: 'With one layer, nothing can vanish or explode in the backward pass.',
    zero: (layers: string, several: boolean) =>
      `The ${several ? `gradients of layers ${layers} are` : `gradient of layer ${layers} is`} 0, which a logarithmic scale cannot show: ${several ? 'these layers learn' : 'this layer learns'} nothing.`,
    weights: (change: ChangeText, notable: number) =>
      `Gradients ${change.kind} in the backward pass. ${changed(change)} (Reported from ${rule(notable)}.)`,
    sums: (change: ChangeText, notable: number) =>
      `Gradients of weighted sums ${change.kind} in the backward pass. ${changed(change)} The gradients of weights do not show it: each is such a gradient times an input, and inputs differ from layer to layer, too. (Reported from ${rule(notable)}.)`,
    even: (change: ChangeText, notable: number) =>
      `Gradients neither vanish nor explode: that would take ${rule(notable)}. ${changed(change)}`,
  },
  samples: {
    title: 'Samples',
    text: 'Each sample’s share of the loss, and the norm of its share of the gradient of all parameters.',
    groups: (size: number) => `Each line spans ${size} samples, from the smallest value to the largest.`,
    none: 'No sample stands out.',
    rule: (far: number) =>
      `A sample stands out if it lies above the upper quartile by more than ${far} times the interquartile range.`,
    measures: { losses: 'share of the loss', norms: 'norm of the gradient' },
    by: { losses: 'its share of the loss', norms: 'the norm of its gradient' },
    outliers: (samples: string, several: boolean, by: string, range: readonly [string, string], median: string) =>
      `${several ? `Samples ${samples} stand out` : `Sample ${samples} stands out`} by ${by}: ${several ? `from ${range[0]} to ${range[1]}` : range[1]}, where the median is ${median}.`,
    label: (measure: string, least: string, greatest: string) => `Each sample’s ${measure}, from ${least} to ${greatest}`,
  },
  histograms: {
    title: 'Histograms',
    text: 'How the weights of each layer and their gradients are distributed. Every histogram has its own scale.',
    some: (half: number, others: number) =>
      `Shown are the first ${half} layers and the last ${half}; the ${others} between them are not.`,
    layer: (layer: number, inputs: number, units: number) =>
      `Layer ${layer}: ${inputs} input${inputs === 1 ? '' : 's'}, ${units} unit${units === 1 ? '' : 's'}`,
    head: ['layer', 'of', 'values', 'smallest', 'mean', 'largest', 'standard deviation', 'zeros'] as const,
    kinds: { weights: 'weights', gradients: 'gradients' },
    label: (layer: number, kind: string, what: string) => `Layer ${layer}, ${kind}: ${what}`,
    same: (values: number, value: string) => `${values} values, all ${value}`,
    range: (values: number, low: string, high: string) => `${values} values from ${low} to ${high}`,
    zeros: (zeros: number) => `, ${zeros} of them 0`,
    rest: (mean: string, deviation: string) => `; mean ${mean}, standard deviation ${deviation}`,
  },
};
