// Requests with their answers, for the stress tests. They are all different, to detect answers sent to the wrong client.
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { post } from '../support/requests.ts';
import type { Tensor } from '../support/safetensors-file.ts';
import { type Format, mediaTypes, type Parts, uniform, write } from '../support/workloads.ts';

/** The content encodings of a body; '' means none. */
export const packings = ['', 'gzip', 'br', 'zstd'] as const;
export type Packing = (typeof packings)[number];

export interface Case {
  readonly name: string;
  readonly isLarge: boolean;
  /** The bytes of the request's body. */
  body(format: Format, packing?: Packing): Buffer;
  /** The bytes of the right answer, by format. */
  readonly answers: Readonly<Record<Format, Buffer>>;
}

/** A random generator. */
export interface Random {
  /** An integer from 0 to end - 1. */
  below(end: number): number;
  pick<T>(values: readonly T[]): T;
}

export function randomFrom(seed: number): Random {
  const draw = uniform(seed);
  const below = (end: number) => Math.min(end - 1, Math.floor(((draw() + 1) / 2) * end));
  return { below, pick: (values) => values[below(values.length)] as (typeof values)[number] };
}

/**
 * Activations that map multiples of a power of two to such multiples, as do their derivatives. Others are used in small networks
 * only.
 */
const exact = ['hardtanh', 'relu6', { type: 'softshrink', lambd: 0.5 }, { type: 'leaky_relu', negative_slope: 0.5 }, 'hardtanh'];
const others = ['tanh', 'sigmoid', 'gelu', 'softplus', 'mish', 'softmax'];

/**
 * Makes requests from a seed; the large ones are for threads. The number of OpenBLAS's threads for a product depends on the load,
 * and with it the order of summation and the last digits. So the numbers of large requests are small multiples of powers of two:
 * every sum is exact, in any order and on any engine, and an answer must be right to the last bit. This is checked here, by
 * comparing independent engines.
 */
export async function makeCases(seed: number, { small, large }: { small: number; large: number }): Promise<Case[]> {
  const random = randomFrom(seed);
  const apps = await Promise.all(['auto', 'ml-matrix'].map((ENGINE) => buildApp(readConfig({ ENGINE }))));
  const [app, other] = apps as [App, App];
  const cases: Case[] = [];
  for (let i = 0; i < small; i++) cases.push(await makeCase(`small ${i}`, smallParts(random), { app }));
  for (let i = 0; i < large; i++) cases.push(await makeCase(`large ${i}`, largeParts(random), { app, other }));
  await Promise.all(apps.map((one) => one.close()));
  const texts = new Set(cases.map(({ answers }) => `${answers.json}`));
  if (texts.size !== cases.length) throw new Error('expected each request to have an answer of its own');
  return cases;
}

type App = Awaited<ReturnType<typeof buildApp>>;

/** Makes a request with its answers, which must be the same in another application. */
async function makeCase(name: string, parts: Parts, { app, other }: { app: App; other?: App }): Promise<Case> {
  const bodies = { json: write(parts, 'json'), binary: write(parts, 'binary') };
  const answers = { json: await right(app, bodies.json, 'json'), binary: await right(app, bodies.json, 'binary') };
  if (other && !answers.json.equals(await right(other, bodies.json, 'json')))
    throw new Error(`${name}: expected the same bits from every engine`);
  const packed = new Map<string, Buffer>();
  const body = (format: Format, packing: Packing = '') => {
    const key = `${format} ${packing}`;
    const bytes = packed.get(key) ?? pack[packing](bodies[format]);
    packed.set(key, bytes);
    return bytes;
  };
  return { name, isLarge: Boolean(other), body, answers };
}

/** The answer to a JSON body. */
async function right(app: App, body: Buffer, accept: Format): Promise<Buffer> {
  const { statusCode, rawPayload } = await post(app, body, { accept: mediaTypes[accept] });
  if (statusCode !== 200) throw new Error(`expected 200, got ${statusCode} ${rawPayload}`);
  return rawPayload;
}

const pack: Record<Packing, (bytes: Buffer) => Buffer> = {
  '': (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  br: (bytes) => brotliCompressSync(bytes, { params: { 1: 1 } }),
  zstd: (bytes) => zstdCompressSync(bytes),
};

function smallParts(random: Random): Parts {
  const layers = 1 + random.below(3);
  const widths = Array.from({ length: layers + 1 }, () => 1 + random.below(6));
  return makeParts(random, widths, 1 + random.below(4), [...exact, ...others], 2 ** 20);
}

function largeParts(random: Random): Parts {
  const [first, second, last] = [64, 128, 256].map((most) => most / 2 + random.below(most / 2)) as [number, number, number];
  const widths = random.pick([
    [last, second, first, 16],
    [2 * last, last, 8],
    [first, first, second, 32],
  ]);
  return makeParts(random, widths, random.pick([128, 256, 512]), exact, 4);
}

/** Makes a request whose numbers are multiples of 1 / `steps`, from -1 to 1. */
function makeParts(
  random: Random,
  widths: readonly number[],
  samples: number,
  activations: readonly unknown[],
  steps: number,
): Parts {
  const tensors = new Map<string, Tensor>();
  const add = (name: string, ...shape: number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { shape, values: Float64Array.from({ length }, () => (random.below(2 * steps + 1) - steps) / steps) });
  };
  const layers = widths.slice(1).map((outputs, k) => {
    add(`network.layers.${k}.weights`, outputs, widths[k] as number);
    if (random.below(4) > 0) add(`network.layers.${k}.biases`, outputs);
    return k < widths.length - 2 ? { activation: random.pick(activations) } : {};
  });
  add('batch.inputs', samples, widths[0] as number);
  add('batch.targets', samples, widths.at(-1) as number);
  const include = random.pick([[], ['outputs'], ['outputs', 'input_gradients'], ['per_sample_losses']]);
  return {
    rest: { network: { layers }, batch: {}, loss: { type: random.pick(['mse', 'l1']), reduction: 'sum' }, include },
    tensors,
  };
}
