// Checks a result against its request. Parses both independently of the service's code.
import type { Extra, GradientsRequest } from '../../schemas/gradients.ts';
import { operations } from '../../src/operations/registry.ts';
import { inspectorOf } from '../../src/wire/check.ts';
import { type Entry, SAFETENSORS } from '../support/safetensors-file.ts';

type Shape = readonly number[];
/** The shapes of all arrays of numbers in a document, by their paths, joined by dots; numbers have the shape []. */
type Shapes = Map<string, Shape>;

interface Read {
  readonly shapes: Shapes;
  /** Everything except the arrays of numbers. */
  readonly rest: Partial<GradientsRequest> & { readonly of?: string };
}

const inspectors = new Map(operations.map(({ name, answer }) => [name, inspectorOf(answer)]));

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
    // A candidate may have any shapes, also of ragged lists.
    for (const [key, item] of Object.entries(value))
      if (key !== 'candidate') shapesOf(item, name ? `${name}.${key}` : key, shapes);
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

/** What the shapes of a result follow from. */
interface Sizes {
  readonly samples: number;
  readonly features: number;
  readonly outputs: number;
  /** The shapes of each layer's parameters. */
  readonly layers: readonly { readonly weights: Shape; readonly biases?: Shape | undefined }[];
  /** The shape of a matrix of samples, as the request lays them out. */
  readonly ofSamples: (units: number) => Shape;
}

function sizesOf({ shapes, rest }: Read): Sizes {
  const columns = rest.batch?.samples === 'columns';
  const inputs = shapes.get('batch.inputs') as Shape;
  const [samples, features] = columns ? [inputs[1], inputs[0]] : inputs;
  const layers: { weights: Shape; biases: Shape | undefined }[] = [];
  const at = (part: string) => shapes.get(`network.layers.${layers.length}.${part}`);
  for (let weights = at('weights'); weights; weights = at('weights')) layers.push({ weights, biases: at('biases') });
  const outputs = layers.at(-1)?.weights[0] as number;
  return { samples, features, outputs, layers, ofSamples: (units) => (columns ? [units, samples] : [samples, units]) };
}

/** The shapes of values for each parameter, under a name; of each sample, output or such, if there are `before`. */
function perParameter({ layers }: Sizes, name: string, before: Shape = []): [string, Shape][] {
  return layers.flatMap(({ weights, biases }, k): [string, Shape][] => [
    [`${name}.${k}.weights`, [...before, ...weights]],
    ...(biases ? ([[`${name}.${k}.biases`, [...before, ...biases]]] as [string, Shape][]) : []),
  ]);
}

/** The shapes of every answer of an operation with a loss. */
function ofLoss({ shapes, rest }: Read, sizes: Sizes): [string, Shape][] {
  const hasPenalty = rest.penalty || [...shapes.keys()].some((name) => name.startsWith('penalty.'));
  return [
    ['loss', []],
    ['divisor', []],
    ...perParameter(sizes, 'gradients'),
    ...(hasPenalty ? [['penalty', []] as [string, Shape]] : []),
  ];
}

/** The shapes that each name in `include` adds. */
const ofExtras: Record<Extra, (sizes: Sizes, read: Read) => [string, Shape][]> = {
  outputs: ({ ofSamples, outputs }) => [['outputs', ofSamples(outputs)]],
  input_gradients: ({ ofSamples, features }) => [['input_gradients', ofSamples(features)]],
  per_sample_losses: ({ samples }) => [['per_sample_losses', [samples]]],
  per_sample_gradients: (sizes) => perParameter(sizes, 'per_sample_gradients', [sizes.samples]),
  gradient_norms: (sizes) => [
    ...perParameter(sizes, 'gradient_norms.layers').map(([name]): [string, Shape] => [name, []]),
    ['gradient_norms.total', []],
  ],
  per_sample_gradient_norms: ({ samples }) => [['per_sample_gradient_norms', [samples]]],
  squared_gradients: (sizes) => perParameter(sizes, 'squared_gradients'),
  trace: ({ layers, ofSamples }, { rest }) =>
    layers.flatMap(({ weights: [outputs, inputs] }, k): [string, Shape][] => {
      const slopes = mixesUnits(rest.network?.layers?.[k]?.activation) ? [] : ['slopes'];
      const ofOutputs = ['pre_activations', 'outputs', 'output_gradients', 'pre_activation_gradients', ...slopes];
      return [
        ...['inputs', 'input_gradients'].map((value): [string, Shape] => [`trace.${k}.${value}`, ofSamples(inputs)]),
        ...ofOutputs.map((value): [string, Shape] => [`trace.${k}.${value}`, ofSamples(outputs)]),
      ];
    }),
};

/** The expected shapes of the result of each operation; undefined if it has texts. */
const wantedShapes: Record<string, ((read: Read, sizes: Sizes) => [string, Shape][]) | undefined> = {
  gradients: (read, sizes) => [
    ...ofLoss(read, sizes),
    ...[...new Set<Extra>(read.rest.include ?? [])].flatMap((extra) => ofExtras[extra](sizes, read)),
  ],
  vjp: (_, sizes) => [
    ['outputs', sizes.ofSamples(sizes.outputs)],
    ...perParameter(sizes, 'gradients'),
    ['input_gradients', sizes.ofSamples(sizes.features)],
  ],
  jvp: (_, { ofSamples, outputs }) => [
    ['outputs', ofSamples(outputs)],
    ['output_tangents', ofSamples(outputs)],
  ],
  jacobian({ rest }, sizes) {
    const { samples, features, outputs, ofSamples } = sizes;
    const ofInputs: [string, Shape][] = [['jacobian', [samples, outputs, features]]];
    return [
      ['outputs', ofSamples(outputs)],
      ...(rest.of === 'inputs' ? ofInputs : perParameter(sizes, 'jacobian', [samples, outputs])),
    ];
  },
  hvp: (read, sizes) => [...ofLoss(read, sizes), ...perParameter(sizes, 'products'), ['curvature', []]],
  hessian(read, sizes) {
    const parameters = perParameter(sizes, '').reduce((sum, [, shape]) => sum + shape.reduce((product, n) => product * n, 1), 0);
    const [steps = 0] = read.shapes.get('damping') ?? [];
    return [
      ...ofLoss(read, sizes),
      ['hessian', [parameters, parameters]],
      ...Array.from({ length: steps }, (_, i): [string, Shape][] => [
        [`steps.${i}.damping`, []],
        ...perParameter(sizes, `steps.${i}.step`),
      ]).flat(),
    ];
  },
  check: undefined,
};

/** The loss after a step, which is left out where it is not finite. */
const MAY_BE_MISSING = /^steps\.\d+\.loss$/;

/** Errors in a result. @throws if the request or the result cannot be read. */
export function wrongResult(
  operation: string,
  request: Buffer,
  requestType: string,
  result: Buffer,
  resultType: string,
): string[] {
  const wrong: string[] = [];
  let got: Read;
  if (resultType === SAFETENSORS) {
    const file = readFile(result);
    wrong.push(...wrongNumbers(file));
    got = file;
  } else {
    got = readJson(result);
    const { errors = [] } = inspectors.get(operation)?.(got.rest) ?? {};
    wrong.push(...errors.map(({ pointer, detail }) => `${pointer}: ${detail}`));
  }
  const asked = requestType === SAFETENSORS ? readFile(request) : readJson(request);
  const wanted = new Map(wantedShapes[operation]?.(asked, sizesOf(asked)) ?? got.shapes);
  for (const name of new Set([...got.shapes.keys(), ...wanted.keys()]))
    if (!MAY_BE_MISSING.test(name)) wrong.push(...different(name, got.shapes.get(name), wanted.get(name)));
  return wrong;
}
