// The requests for benchmarks and stress tests: networks and batches with realistic values, the same in every run.
import { examples } from '../../schemas/examples.ts';
import { encodeSafetensors, SAFETENSORS, type Tensor } from './safetensors-file.ts';

/** The formats of a request. */
export type Format = 'json' | 'binary';

/** The media type of each format. */
export const mediaTypes = { json: 'application/json', binary: SAFETENSORS } as const satisfies Record<Format, string>;

/** The sizes of a network and its batch; `widths` are those of the input and of all layers. */
export interface Shape {
  readonly widths: readonly number[];
  readonly samples: number;
  /** The activation of every layer except the last, which has none. */
  readonly hidden: 'tanh' | 'relu';
  /** `cross_entropy` has class indices as targets. */
  readonly loss: 'mse' | 'cross_entropy';
  /**
   * The inputs: by default random numbers from -1 to 1; `pixels`: brightness n/16 with n from 0 to 16, half of them 0; `decimals`: numbers
   * from -1 to 1 of at most 15 digits, as R and Excel write them.
   */
  readonly inputs?: 'pixels' | 'decimals';
}

/** A named shape, with the formats to measure. */
export interface Workload extends Shape {
  readonly formats: readonly Format[];
  /** The least duration of one measurement, in seconds. */
  readonly seconds: number;
}

const repeat = (width: number, times: number): number[] => Array<number>(times).fill(width);

export const workloads = {
  article: { widths: [2, 3, 3, 2], samples: 2, hidden: 'tanh', loss: 'mse', formats: ['json'], seconds: 1.2 },
  digits: {
    widths: [64, 32, 10],
    samples: 32,
    hidden: 'relu',
    loss: 'cross_entropy',
    inputs: 'pixels',
    formats: ['json'],
    seconds: 1.2,
  },
  regression: {
    widths: [20, 64, 1],
    samples: 1000,
    hidden: 'tanh',
    loss: 'mse',
    inputs: 'decimals',
    formats: ['json'],
    seconds: 1.2,
  },
  mnist: { widths: [784, 128, 10], samples: 64, hidden: 'relu', loss: 'cross_entropy', formats: ['json'], seconds: 1.5 },
  deep: { widths: repeat(64, 65), samples: 256, hidden: 'relu', loss: 'mse', formats: ['json', 'binary'], seconds: 1.5 },
  tall: { widths: [10, 64, 64, 1], samples: 100_000, hidden: 'tanh', loss: 'mse', formats: ['binary'], seconds: 2.5 },
  wide: { widths: [1024, 1024, 1024, 10], samples: 256, hidden: 'tanh', loss: 'mse', formats: ['json', 'binary'], seconds: 3 },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;

/** A network of equal, square layers, for measurements of growth. */
export function square(layers: number, width: number, samples: number): Shape {
  return { widths: repeat(width, layers + 1), samples, hidden: 'tanh', loss: 'mse' };
}

/** The number of multiply-adds of a shape's matrix products: three per weight and sample, two in the first layer. */
export function multiplyAdds({ widths, samples }: Shape): number {
  return widths.slice(1).reduce((sum, outputs, k) => sum + (k === 0 ? 2 : 3) * samples * outputs * (widths[k] as number), 0);
}

/** The body of a request of this shape. For the article, it is the example in the documentation. */
export function bodyOf(shape: Shape, format: Format): Buffer {
  if (shape === workloads.article && format === 'json') return Buffer.from(JSON.stringify(examples.article.request));
  return write(generate(shape), format);
}

/** A request: its tensors by name, and the rest of the document. */
export interface Parts {
  readonly rest: object;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Encodes the parts of a request. */
export function write({ rest: given, tensors }: Parts, format: Format): Buffer {
  const rest = structuredClone(given);
  if (format === 'binary') return encodeSafetensors(tensors, { request: JSON.stringify(rest) });
  for (const [name, tensor] of tensors) put(rest, name.split('.'), toLists(tensor));
  return Buffer.from(JSON.stringify(rest));
}

/** Sets the value at a path; all objects and lists on the way must exist. */
function put(document: object, path: readonly string[], value: unknown): void {
  const holder = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, document as Record<string, unknown>);
  holder[path.at(-1) as string] = value;
}

/** Converts a tensor to a list, or to a list of rows. */
function toLists({ shape: [rows = 0, columns], values }: Tensor): unknown[] {
  const numbers = values instanceof BigInt64Array ? Array.from(values, Number) : values;
  if (columns === undefined) return Array.from(numbers);
  return Array.from({ length: rows }, (_, row) => Array.from(numbers.slice(row * columns, (row + 1) * columns)));
}

/**
 * Weights and biases are drawn from -b to b, with b = √(scale / inputs). The scales are PyTorch's default and, for relu, that of
 * `kaiming_uniform_`: with the default, most gradients of a deep relu network would be exactly 0.
 */
const SCALE: Record<Shape['hidden'], number> = { tanh: 1, relu: 6 };

function generate({ widths, samples, hidden, loss, inputs: kind }: Shape): Parts {
  const random = uniform(20_260_101);
  const matrix = (rows: number, columns: number, next: () => number): Tensor => ({
    shape: [rows, columns],
    values: Float64Array.from({ length: rows * columns }, next),
  });
  const tensors = new Map<string, Tensor>();
  for (const [k, outputs] of widths.slice(1).entries()) {
    const inputs = widths[k] as number;
    const bound = Math.sqrt(SCALE[hidden] / inputs);
    const bounded = () => bound * random();
    tensors.set(`network.layers.${k}.weights`, matrix(outputs, inputs, bounded));
    tensors.set(`network.layers.${k}.biases`, { ...matrix(outputs, 1, bounded), shape: [outputs] });
  }
  const outputs = widths.at(-1) as number;
  tensors.set(
    'batch.inputs',
    matrix(samples, widths[0] as number, () => inputOf[kind ?? 'random'](random())),
  );
  if (loss === 'mse') tensors.set('batch.targets', matrix(samples, outputs, random));
  else
    tensors.set('batch.targets', {
      shape: [samples],
      values: BigInt64Array.from({ length: samples }, (_, i) => BigInt(i % outputs)),
    });
  const last = widths.length - 2;
  const layers = Array.from({ length: last + 1 }, (_, k) => (k < last ? { activation: hidden } : {}));
  return { rest: { network: { layers }, batch: {}, loss }, tensors };
}

/** Converts a number from -1 to 1 to an input. */
const inputOf = {
  random: (number: number): number => number,
  pixels: (number: number): number => Math.max(0, Math.ceil(16 * number)) / 16,
  decimals: (number: number): number => Number(number.toPrecision(15)),
};

/** Numbers from -1 to 1 with 53 random bits, from a seed: xorshift128, two draws per number. */
export function uniform(seed: number): () => number {
  let [x, y, z, w] = [seed, 362436069, 521288629, 88675123];
  const draw = () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
  for (let i = 0; i < 64; i++) draw();
  return () => (((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53) * 2 - 1;
}
