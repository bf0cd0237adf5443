// The picture of the network.

export const network = {
  title: 'The network',
  edges: 'What the lines show',
  edgeChoices: { step: 'follow the step', weights: 'weights', gradients: 'gradients' },
  sample: 'Sample',
  ofSamples: (samples: number) => `of ${samples}`,
  picture: (sizes: readonly number[]) =>
    `Network of ${sizes.join(', ')} units. Arrow keys go from unit to unit, with Shift along the edges of a unit; Enter shows the numbers.`,
  inputs: 'inputs',
  inputsShort: 'in',
  layer: (layer: number) => `layer ${layer}`,
  goToLayer: (name: string) => `${name}: go to its steps`,
  moreUnits: (count: number) => `… ${count} more …`,
  moreLayers: (count: number) => `… ${count} layers …`,
  nameOf: (column: number, unit: number) => (column === 0 ? `input ${unit}` : `layer ${column}, unit ${unit}`),
  unitLabel: (name: string, what: string, value: string, rest: string) => `${name}: ${what} ${value}${rest && `, ${rest}`}`,
  edgeLabel: (from: string, to: string, what: string, value: string) => `from ${from} to ${to}: ${what} ${value}`,
  what: { value: 'value', output: 'output', weight: 'weight', gradient: 'gradient' },
  target: (target: string) => `→ ${target}`,
  rightClass: '✓ right',
  legend: {
    weights: 'Lines are weights, circles are outputs; targets are shown beside the outputs.',
    gradients: 'Lines are gradients of the weights, over all samples; circles are gradients of the outputs.',
    scale: 'One scale for all colours and lines: each shade is ten times the one before.',
    above: 'above 0',
    below: 'below 0, dashed',
    dead: 'dead: slope 0',
    saturated: 'saturated: slope near 0',
    right: 'right',
    wrong: 'wrong',
  },
  flat: {
    dead: (samples: number, least: string, greatest: string) =>
      `Dead: slope 0 for ${samples === 1 ? 'the one sample' : `all ${samples} samples`}: ${least === greatest ? `z = ${least}` : `${least} ≤ z ≤ ${greatest}`}.`,
    saturated: (samples: number, slope: string, least: string, greatest: string) =>
      `Saturated: slope at most ${slope} for ${samples === 1 ? 'the one sample' : `all ${samples} samples`}: ${least === greatest ? `z = ${least}` : `${least} ≤ z ≤ ${greatest}`}.`,
  },
  sampleNumber: (sample: number, samples: number) => `sample ${sample} of ${samples}`,
  edge: (from: string, to: string) => `from ${from} to ${to}`,
  savePicture: 'Save as',
  saveAs: (format: string) => `Save the picture as ${format}`,
  digitPicture: (sample: number) => `The inputs of sample ${sample} as a picture`,
  weightPicture: 'The weights of this unit as a picture',
};
