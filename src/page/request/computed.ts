// A request with its answer, sample by sample and unit by unit, whichever way its matrices stand. Layers count from 0 here.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import type { Penalty } from '../../../schemas/penalty.ts';
import { hasClasses, targetsKey } from './targets.ts';

type Trace = NonNullable<GradientsAnswer['trace']>[number];

/** What a layer of the trace has per sample. */
type Value = Exclude<keyof Trace, 'slopes'>;

export class Computed {
  readonly request: GradientsRequest;
  readonly answer: GradientsAnswer;
  readonly trace: readonly Trace[];
  readonly columns: boolean;
  readonly samples: number;
  readonly features: number;
  /** How many units each layer has. */
  readonly units: readonly number[];

  /** `answer` has a trace. */
  constructor(request: GradientsRequest, answer: GradientsAnswer) {
    const { network, batch } = request;
    this.request = request;
    this.answer = answer;
    this.trace = answer.trace as Trace[];
    this.columns = batch.samples === 'columns';
    this.samples = this.columns ? batch.inputs[0].length : batch.inputs.length;
    this.features = network.layers[0].weights[0].length;
    this.units = network.layers.map(({ weights }) => weights.length);
  }

  get layers(): number {
    return this.units.length;
  }

  /** A value of the trace: of `layer`, of a sample, of a unit (or of an input, where the value is one of inputs). */
  value(what: Value, layer: number, sample: number, unit: number): number {
    const rows = this.trace[layer][what];
    return this.columns ? rows[unit][sample] : rows[sample][unit];
  }

  /** The row and the column of a sample's unit, in a matrix of samples. */
  cell(sample: number, unit: number): [row: number, column: number] {
    return this.columns ? [unit, sample] : [sample, unit];
  }

  /** The sample and the unit of a row and a column, likewise. */
  place(row: number, column: number): [sample: number, unit: number] {
    return this.columns ? [column, row] : [row, column];
  }

  weight(layer: number, unit: number, input: number): number {
    return this.request.network.layers[layer].weights[unit][input];
  }

  weightGradient(layer: number, unit: number, input: number): number {
    return this.answer.gradients[layer].weights[unit][input];
  }

  bias(layer: number, unit: number): number | undefined {
    return this.request.network.layers[layer].biases?.[unit];
  }

  biasGradient(layer: number, unit: number): number | undefined {
    return this.answer.gradients[layer].biases?.[unit];
  }

  /** The name of a layer's activation. */
  activation(layer: number): string {
    return nameOf(this.request.network.layers[layer].activation ?? 'identity');
  }

  loss(): string {
    return nameOf(this.request.loss ?? 'mse');
  }

  get penalty(): Penalty {
    return this.request.penalty ?? {};
  }

  /** Whether the targets are class indices. */
  get classes(): boolean {
    return hasClasses(this.request.batch);
  }

  /** The target of an output; of a class index 1 for the class and 0 for others. */
  target(sample: number, unit: number): number {
    const { batch } = this.request;
    const targets = batch[targetsKey(batch)] as number[][] & number[];
    if (this.classes) return targets[sample] === unit ? 1 : 0;
    return this.columns ? targets[unit][sample] : targets[sample][unit];
  }

  /** The slope of the activation; undefined where it looks at all units of a sample at once. */
  slope(layer: number, sample: number, unit: number): number | undefined {
    const { slopes } = this.trace[layer];
    return slopes && (this.columns ? slopes[unit][sample] : slopes[sample][unit]);
  }
}

/** The name of an activation or a loss. */
export function nameOf(given: string | { type: string }): string {
  return typeof given === 'string' ? given : given.type;
}
