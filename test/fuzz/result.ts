// Checks a result against its request. Parses both independently of the service's code.
import { type Extra, GradientsAnswer, type GradientsRequest } from '../../schemas/gradients.ts';
import { inspectorOf } from '../../src/wire/check.ts';
import { type Entry, SAFETENSORS } from '../support/safetensors-file.ts';

type Shape = readonly number[];
/** The shapes of all arrays of numbers in a document, by their paths, joined by dots; numbers have the shape []. */
type Shapes = Map<string, Shape>;

interface Read {
  readonly shapes: Shapes;
  /** Everything except the arrays of numbers. */
  readonly rest: Partial<GradientsRequest>;
}

const inspect = inspectorOf(GradientsAnswer);

/** The shape of nested lists. @throws if their lengths differ. */
function shapeOf(value: unknown): Shape {
  if (!Array.isArray(value)) return [];
  const [first, ...others] = value.map(shapeOf);
  if (others.some((shape) => `${shape}` !== `${first}`)) throw new Error('lists of different lengths');
  return [value.length, ...first];
}

function shapesOf(value: unknown, name: string, shapes: Shapes): Shapes {
  const numbers = typeof value === 'number' || (Array.isArray(value) && typeof value.flat(Infinity)[0] === 'number');
  if (numbers) shapes.set(name, shapeOf(value));
  else if (value instanceof Object)
    for (const [key, item] of Object.entries(value)) shapesOf(item, name ? `${name}.${key}` : key, shapes);
  return shapes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readJson(bytes: Buffer): Read {
  const rest = JSON.parse(utf8.decode(bytes));
  return { shapes: shapesOf(rest, '', new Map()), rest };
}

function readFile(bytes: Buffer): Read & { header: Map<string, Entry>; data: Buffer } {
  const end = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(utf8.decode(bytes.subarray(8, end)));
  const rest = JSON.parse(metadata?.request ?? '{}');
  const header = new Map(Object.entries(entries as Record<string, Entry>));
  const shapes = shapesOf(rest, '', new Map());
  for (const [name, { shape }] of header) shapes.set(name, shape);
  return { shapes, rest, header, data: bytes.subarray(end) };
}

const arrays = { F64: Float64Array, F32: Float32Array };

/** Errors in the numbers of a file. */
function wrongNumbers({ header, data }: ReturnType<typeof readFile>): string[] {
  return [...header].flatMap(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const array = arrays[dtype as 'F64' | 'F32'];
      const numbers = new array(Uint8Array.from(data.subarray(begin, end)).buffer);
      if (numbers.length !== shape.reduce((product, n) => product * n, 1)) return [`${name}: the wrong number of bytes`];
      return numbers.every(Number.isFinite) ? [] : [`${name}: not finite`];
    },
  );
}

const different = (name: string, got: Shape | undefined, wanted: Shape | undefined): string[] =>
  `${got}` === `${wanted}` && (got === undefined) === (wanted === undefined)
    ? []
    : [`${name}: the shape [${got}], not [${wanted}]`];

/** Whether an activation has no slope at each unit. */
function mixesUnits(activation: GradientsRequest['network']['layers'][number]['activation']): boolean {
  const name = activation instanceof Object ? activation.type : activation;
  return name === 'softmax' || name === 'log_softmax';
}

/** The expected shapes of the result of a request. */
function wantedShapes({ shapes, rest }: Read): Shapes {
  const wanted: Shapes = new Map([
    ['loss', []],
    ['divisor', []],
  ]);
  const shape = (name: string) => shapes.get(name) as Shape;
  const include = new Set<Extra>(rest.include ?? []);
  const columns = rest.batch?.samples === 'columns';
  const inputs = shape('batch.inputs');
  const [samples, features] = columns ? [inputs[1], inputs[0]] : inputs;
  const matrix = (units: number) => (columns ? [units, samples] : [samples, units]);
  let last = features;
  for (let k = 0; shapes.has(`network.layers.${k}.weights`); k++) {
    const [weights, biases] = [shape(`network.layers.${k}.weights`), shape(`network.layers.${k}.biases`)];
    const parts = [['weights', weights] as const, ...(biases ? [['biases', biases] as const] : [])];
    for (const [part, size] of parts) {
      wanted.set(`gradients.${k}.${part}`, size);
      if (include.has('per_sample_gradients')) wanted.set(`per_sample_gradients.${k}.${part}`, [samples, ...size]);
      if (include.has('squared_gradients')) wanted.set(`squared_gradients.${k}.${part}`, size);
      if (include.has('gradient_norms')) wanted.set(`gradient_norms.layers.${k}.${part}`, []);
    }
    const [outputs, of] = weights;
    if (include.has('trace')) {
      for (const value of ['inputs', 'input_gradients']) wanted.set(`trace.${k}.${value}`, matrix(of));
      for (const value of ['pre_activations', 'outputs', 'output_gradients', 'pre_activation_gradients'])
        wanted.set(`trace.${k}.${value}`, matrix(outputs));
      if (!mixesUnits(rest.network?.layers?.[k]?.activation)) wanted.set(`trace.${k}.slopes`, matrix(outputs));
    }
    last = outputs;
  }
  if (include.has('outputs')) wanted.set('outputs', matrix(last));
  if (include.has('input_gradients')) wanted.set('input_gradients', matrix(features));
  if (include.has('per_sample_losses')) wanted.set('per_sample_losses', [samples]);
  if (include.has('per_sample_gradient_norms')) wanted.set('per_sample_gradient_norms', [samples]);
  if (include.has('gradient_norms')) wanted.set('gradient_norms.total', []);
  if (rest.penalty || [...shapes.keys()].some((name) => name.startsWith('penalty.'))) wanted.set('penalty', []);
  return wanted;
}

/** Errors in a result. @throws if the request or the result cannot be read. */
export function wrongResult(request: Buffer, requestType: string, result: Buffer, resultType: string): string[] {
  const wrong: string[] = [];
  let got: Read;
  if (resultType === SAFETENSORS) {
    const file = readFile(result);
    wrong.push(...wrongNumbers(file));
    got = file;
  } else {
    got = readJson(result);
    wrong.push(...inspect(got.rest).errors.map(({ pointer, detail }) => `${pointer}: ${detail}`));
  }
  const wanted = wantedShapes(requestType === SAFETENSORS ? readFile(request) : readJson(request));
  for (const name of new Set([...got.shapes.keys(), ...wanted.keys()]))
    wrong.push(...different(name, got.shapes.get(name), wanted.get(name)));
  return wrong;
}
