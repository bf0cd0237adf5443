// Bodies of 64 KB, each unusual in one way, and ordinary ones of the same size for comparison.
import { file } from './safetensors-file.ts';
import { bodyOf, type Format, workloads } from './workloads.ts';

/** The size of every body. */
export const BODY_BYTES = 65_536;

export interface OddBody {
  readonly name: string;
  readonly format: Format;
  readonly body: Buffer;
  /** The expected status of the answer. */
  readonly status: number;
}

/** A request for a network for digits, with as many samples as fit. */
export function plainBody(format: Format): Buffer {
  const ofSamples = (samples: number) => bodyOf({ ...workloads.digits, samples }, format);
  let samples = 1;
  while (ofSamples(samples + 1).length <= BODY_BYTES) samples++;
  return format === 'json' ? padded(ofSamples(samples)) : ofSamples(samples);
}

/** Pads a text with spaces to the size of a body. */
function padded(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > BODY_BYTES) throw new Error(`expected at most ${BODY_BYTES} bytes, got ${bytes.length}`);
  return Buffer.concat([bytes, Buffer.alloc(BODY_BYTES - bytes.length, ' ')]);
}

type Unit = string | ((i: number) => string);

/** As many units as fit, separated by commas or another separator, between two texts. */
function repeated(before: string, unit: Unit, after: string, separator = ','): string {
  const units: string[] = [];
  let room = BODY_BYTES - Buffer.byteLength(before + after);
  for (;;) {
    const next = typeof unit === 'string' ? unit : unit(units.length);
    room -= Buffer.byteLength(next + separator);
    if (room < 0) return before + units.join(separator) + after;
    units.push(next);
  }
}

/** Nested brackets, as deep as fits. */
function nested(open: string, close: string): string {
  const depth = Math.floor((BODY_BYTES - 1) / (open.length + close.length));
  return `${open.repeat(depth)}0${close.repeat(depth)}`;
}

const LAYERS = '"network":{"layers":[{"weights":[[1]]}]}';
const BATCH = '"batch":{"inputs":[[1]],"targets":[[1]]}';

/** Requests that are valid except for the repeated units. */
const inRequest = (unit: Unit) => repeated(`{${LAYERS},${BATCH},`, unit, '}');
const inLayers = (unit: Unit) => repeated('{"network":{"layers":[', unit, `]},${BATCH}}`);
const inLayer = (unit: Unit) => repeated('{"network":{"layers":[{"weights":[[1]],', unit, `}]},${BATCH}}`);
const inWeights = (unit: Unit) => repeated('{"network":{"layers":[{"weights":[[1,2],', unit, `]}]},${BATCH}}`);
const inActivation = (unit: Unit) =>
  repeated('{"network":{"layers":[{"weights":[[1]],"activation":{"type":"elu",', unit, `}}]},${BATCH}}`);
const inRows = (unit: Unit) => repeated(`{${LAYERS},"batch":{"targets":[[1]],"inputs":[`, unit, ']}}');
const inRow = (unit: Unit, separator = ',') =>
  repeated(`{${LAYERS},"batch":{"targets":[[1]],"inputs":[[`, unit, ']]}}', separator);
const inClasses = (unit: Unit) => repeated(`{${LAYERS},"batch":{"inputs":[[1]],"targets":[`, unit, ']},"loss":"cross_entropy"}');
const inLoss = (unit: Unit) => repeated(`{${LAYERS},${BATCH},"loss":{"type":"mse",`, unit, '}}');
const inName = (unit: Unit) => repeated(`{${LAYERS},${BATCH},"loss":"`, unit, '"}', '');
const inInclude = (unit: Unit) => repeated(`{${LAYERS},${BATCH},"include":[`, unit, ']}');

/** Numbers of twenty digits, all different. */
const twenty = (i: number) => `${12_345_678_901 + i * 7_919_191}${987_654_321 + i * 104_729}`;

const plain = `${plainBody('json')}`.trimEnd();
const inherited = ['__proto__', 'constructor', 'toString'];

const json: readonly (readonly [name: string, status: number, text: string | Buffer])[] = [
  ['duplicate keys in one object', 400, repeated('{', '"a":0', '}')],
  ['duplicate keys in many objects', 400, repeated('[', '{"a":0,"a":0}', ']')],
  ['duplicate keys in layers', 400, inLayers('{"weights":[[1]],"weights":[[1]]}')],
  ['one duplicate key in a plain request', 400, plain.replace('"loss":"cross_entropy"', '"loss":"mse","loss":"mse"')],
  ['unknown keys', 400, inRequest((i) => `"k${i}":0`)],
  ['unknown keys in a layer', 400, inLayer((i) => `"k${i}":0`)],
  ['an unknown key in many layers', 400, inLayers((i) => `{"k${i}":0}`)],
  ['names of inherited properties as keys', 400, repeated('{', (i) => `"${inherited[i]}${i < 3 ? '' : i}":0`, '}')],
  ['options of an activation', 400, inActivation((i) => `"o${i}":0`)],
  ['options of a loss', 400, inLoss((i) => `"o${i}":0`)],
  ['objects in objects', 400, inRequest((i) => `"k${i}":{"a":{"b":{"c":{}}}}`)],
  ['colons in strings', 400, repeated('{', (i) => `"${i}":"::::::::"`, '}')],
  ['deep lists', 400, nested('[', ']')],
  ['deep objects', 400, nested('{"a":', '}')],
  ['lists that never end', 400, '['.repeat(BODY_BYTES)],
  ['rows without numbers', 400, inRows('[]')],
  ['rows that are null', 400, inRows('null')],
  ['null for numbers', 400, inRow('null')],
  ['strings in rows of their own', 400, inRows((i) => (i % 2 ? '["1","2"]' : '[1,2]'))],
  ['a string at the end of every row', 400, inRows('[1,"2"]')],
  ['a flat list for rows', 400, inRows('1')],
  ['NaN at the end', 400, plain.replace(/\d\]\]\},"loss"|\d\]\},"loss"/, 'NaN]},"loss"')],
  ['NaN deep in an unknown key', 400, inRequest((i) => `"k${i}":[{"a":${i < 2000 ? 1 : 'NaN'}}]`)],
  ['strings for numbers', 400, inRow('"1"')],
  ['objects for numbers', 400, inRow('{}')],
  ['lists for numbers', 400, inRow('[1]')],
  ['ragged rows', 422, inRows((i) => (i % 2 ? '[1]' : '[1,2]'))],
  ['ragged weights', 422, inWeights('[1]')],
  ['layers without weights', 400, inLayers('{}')],
  ['layers that are null', 400, inLayers('null')],
  ['tiny layers', 200, inLayers('{"weights":[[1]]}')],
  ['tiny layers with biases and activations', 200, inLayers('{"weights":[[1]],"biases":[0],"activation":"tanh"}')],
  ['layers that are transposed', 422, inLayers((i) => (i % 2 ? '{"weights":[[1,2]]}' : '{"weights":[[1],[2]]}'))],
  ['layers that do not fit each other', 422, inLayers('{"weights":[[1,2]]}')],
  ['unknown activations', 400, inLayers((i) => `{"weights":[[1]],"activation":"tanh${i}"}`)],
  ['misspelt activations', 400, inLayers('{"weights":[[1]],"activation":"leakyrleu"}')],
  ['misspelt keys of layers', 400, inLayers('{"weights":[[1]],"activaton":"tanh"}')],
  ['unknown values to include', 400, inInclude((i) => `"output${i}"`)],
  ['the same value to include', 200, inInclude('"outputs"')],
  ['classes without samples', 422, inClasses('0')],
  ['fractions as classes', 400, inClasses('0.5')],
  ['fractions of 20 digits', 422, inRow((i) => `0.${twenty(i)}`)],
  ['integers of 20 digits', 422, inRow(twenty)],
  ['numbers of 20 digits with exponents', 422, inRow((i) => `${twenty(i)}e-${300 + (i % 50)}`)],
  ['numbers beyond float64', 400, inRow('1e999')],
  ['an integer of 65,000 digits', 400, inRow('3', '')],
  ['a fraction of 65,000 digits', 200, inRow((i) => (i === 0 ? '0.3' : '3'), '')],
  ['a fraction of 65,000 zeros', 200, inRow((i) => (i === 0 ? '0.0' : '0'), '')],
  ['a name of escapes', 400, inName('\\u0061')],
  ['a name of escaped quotes', 400, inName('\\"')],
  ['a huge name', 400, inName('x')],
  ['a huge name of brackets', 400, inName('{[:')],
  ['a huge key', 400, repeated('{"', 'x', '":0}', '')],
  ['non-ASCII text', 400, inName('é€😀')],
  ['non-ASCII keys', 400, inRequest((i) => `"ключ${i}":0`)],
  ['a byte at the end that is not UTF-8', 400, Buffer.concat([Buffer.from(plain), Buffer.of(0xff)])],
  ['spaces', 200, `{${LAYERS},${BATCH}}`],
  ['a line for each number', 422, inRow('1', ',\n\t ')],
  ['a syntax error at the end', 400, plain.slice(0, -1)],
  ['text after the end', 400, `${plain} x`],
  ['a wrong value at the end', 400, plain.replace('"loss":"cross_entropy"', '"loss":"cross_entropi"')],
  ['a wrong number at the end', 400, plain.replace(/\d\]\]\},"loss"|\d\]\},"loss"/, '"x"]},"loss"')],
];

const entry = (name: string, begin: number, shape = '[]', dtype = 'F64') =>
  `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${begin + 8}]}`;

/** A header with many entries, followed by the data that they describe. */
function ofEntries(unit: (i: number) => string): Buffer {
  let count = 0;
  const counted = (i: number) => {
    count = i + 1;
    // The data count towards the size, too.
    return `${unit(i)}        `;
  };
  const header = repeated('{', counted, '}'.padEnd(16)).replaceAll('        ', '');
  return file(header, Buffer.alloc(8 * (count - 1)));
}

const tiny = (i: number) => `network.layers.${i}.weights`;

const binary: readonly (readonly [name: string, status: number, body: Buffer])[] = [
  ['unknown tensors', 400, ofEntries((i) => entry(`t${i}`, 8 * i))],
  ['the same tensor again and again', 400, ofEntries((i) => entry('batch.inputs', 8 * i, '[1,1]'))],
  ['a tensor a layer', 400, ofEntries((i) => entry(tiny(i), 8 * i, '[1,1]'))],
  ['layers without the first ones', 400, ofEntries((i) => entry(tiny(i + 7), 8 * i, '[1,1]'))],
  ['long paths', 400, ofEntries((i) => entry(`${'network.layers.'.repeat(9)}${i}`, 8 * i))],
  ['overlapping tensors', 400, ofEntries((i) => entry(tiny(i), 0, '[1,1]'))],
  ['tensors in reverse order', 400, ofEntries((i) => entry(tiny(i), 8 * (1000 - i), '[1,1]'))],
  ['unknown dtypes', 400, ofEntries((i) => entry(`t${i}`, 8 * i, '[]', 'X64'))],
  ['shapes of many dimensions', 400, ofEntries((i) => entry(`t${i}`, 8 * i, `[${'1,'.repeat(200)}1]`))],
  [
    'metadata of many strings',
    400,
    file(
      repeated('{"__metadata__":{', (i) => `"k${i}":"v"`, '}}     '),
      Buffer.alloc(0),
    ),
  ],
  [
    'a document of duplicate keys',
    400,
    file(repeated('{"__metadata__":{"request":"{', '\\"a\\":0', '}"}}     '), Buffer.alloc(0)),
  ],
];

export const oddBodies: readonly OddBody[] = [
  ...json.map(([name, status, text]): OddBody => ({ name, format: 'json', status, body: padded(text) })),
  ...binary.map(([name, status, body]): OddBody => ({ name: `${name} (safetensors)`, format: 'binary', status, body })),
];
