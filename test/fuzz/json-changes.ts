// Changes of a JSON document that mostly keep it valid JSON.
import type { Change } from './bytes.ts';
import type { Random } from './random.ts';

const nested = (open: string, inner: string, close: string, depth: number) => open.repeat(depth) + inner + close.repeat(depth);

const digits = (random: Random, n: number) => Array.from({ length: n }, () => random.below(10)).join('');

/** A number near the limits of JSON or float64; some are not valid JSON. */
export function oddNumber(random: Random): string {
  return random.pick([
    ...['0', '-0', '-0.0', '0e5', '1e999', '-1e999', '1e308', '1.7976931348623157e308', '1.7976931348623159e308', '1e-999'],
    ...[
      '5e-324',
      '2.4703282292062327e-324',
      '2.2250738585072014e-308',
      '9007199254740993',
      '9007199254740992.5',
      '18446744073709551616',
    ],
    ...['1e0', '1E+2', '1e-2', '0.1e1', '1e00000000001', '1e2147483648', '-1e-2147483649', '123456789012345678901234567890e-30'],
    ...['01', '-', '+1', '.5', '5.', '1e', '1e+', '0x10', '1_000', 'NaN', 'Infinity', '-Infinity', '١'],
    `${1 + random.below(9)}${digits(random, 400)}`,
    `0.${digits(random, 400)}`,
    `${digits(random, 1) || 1}${digits(random, 1)}e${random.below(700) - 350}`,
    `${random.below(2 ** 30)}.${digits(random, 20)}`,
    `-1${digits(random, 300)}.${digits(random, 300)}e-${random.below(620)}`,
  ]);
}

const names = [
  '__proto__',
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'length',
  'then',
  'toJSON',
  'type',
  'data',
  'shape',
];
const realKeys = [
  'network',
  'layers',
  'weights',
  'biases',
  'activation',
  'batch',
  'inputs',
  'targets',
  'sample_weights',
  'samples',
];

export function oddKey(random: Random): string {
  return random.pick([
    ...names,
    ...realKeys,
    'loss',
    'include',
    '',
    '0',
    '-1',
    'a/b~c',
    '~',
    '\u0000',
    '\ud800',
    'ключ',
    'x'.repeat(300),
  ]);
}

/** The text of a value of an unexpected type. */
export function oddValue(random: Random): string {
  if (random.percent(30)) return oddNumber(random);
  const depth = random.pick([2, 31, 32, 33, 100, 5000]);
  return random.pick([
    ...['null', 'true', 'false', '""', '[]', '{}', '[[]]', '[[[]]]', '[null]', '[[1],[2]]', '[[1,2],[3]]', '[1,[2]]', '[[1],2]'],
    ...[
      '"relu"',
      '"softmax"',
      '"cross_entropy"',
      '"columns"',
      '"mean"',
      '"trace"',
      '["trace","per_sample_gradients"]',
      '[1]',
      '1',
    ],
    ...['{"type":"relu"}', '{"type":{}}', '{"type":"hardtanh","min_val":3}', '{"length":1,"0":1}', '{"data":[1],"shape":[9,9]}'],
    ...['{"l2":-1}', '{"l1":1e308,"l2":1e308}', '{"biases":1}'],
    ...['{"type":"nll","ignore_index":0}', '{"type":"huber","delta":-1}', '{"type":"cross_entropy","weight":[1e308]}'],
    JSON.stringify(oddKey(random)),
    `{${JSON.stringify(oddKey(random))}:1}`,
    nested('[', random.pick(['', '1']), ']', depth),
    nested('{"a":', '1', '}', depth),
    nested('[{"a":', '1', '}]', depth),
    `[${Array(1 + random.below(300))
      .fill('1')
      .join()}]`,
  ]);
}

/** The paths of all values in a document. */
function places(value: unknown, path: string[] = []): string[][] {
  const within = value instanceof Object ? Object.entries(value).flatMap(([key, item]) => places(item, [...path, key])) : [];
  return path.length === 0 ? within : [path, ...within];
}

// biome-ignore lint/suspicious/noExplicitAny: the document may have any structure
type Any = any;

const MARK = '@@';

/**
 * Changes the parent of a random value in a document, and returns the document's text. `change` may insert marks, which are
 * replaced by the texts that it returns.
 */
function rewritten(document: object, random: Random, change: (parent: Any, key: string) => string[]): string {
  const copy = structuredClone(document);
  const path = random.pick(places(copy));
  const last = path.pop() as string;
  const texts = change(
    path.reduce((node: Any, key) => node[key], copy),
    last,
  );
  return JSON.stringify(copy).replaceAll(`"${MARK}"`, () => texts.shift() as string);
}

/** Changes of a document, which return the text of the changed document. */
export const documentChanges: Record<string, (document: object, random: Random) => string> = {
  'value replaced': (document, random) =>
    rewritten(document, random, (parent, key) => {
      parent[key] = MARK;
      return [oddValue(random)];
    }),
  'key or item deleted': (document, random) =>
    rewritten(document, random, (parent, key) => {
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return [];
    }),
  'item repeated': (document, random) =>
    rewritten(document, random, (parent, key) => {
      if (Array.isArray(parent)) parent.splice(Number(key), 0, ...Array(1 + random.below(3)).fill(parent[Number(key)]));
      else parent[`${key}s`] = parent[key];
      return [];
    }),
  'key added': (document, random) => {
    const key = JSON.stringify(oddKey(random));
    const text = JSON.stringify(document);
    const objects = [...text.matchAll(/\{/g)].map(({ index }) => index + 1);
    const at = random.pick(objects);
    const member = `${key}:${oddValue(random)}`;
    return text.slice(0, at) + (text[at] === '}' ? member : `${member},`) + text.slice(at);
  },
  'key twice': (document, random) => {
    const text = JSON.stringify(document);
    const keys = [...text.matchAll(/"\w+":/g)];
    const { index, 0: key } = random.pick(keys);
    const again = random.percent(20) ? `"\\u${key.charCodeAt(1).toString(16).padStart(4, '0')}${key.slice(2)}` : key;
    return `${text.slice(0, index)}${again}${oddValue(random)},${text.slice(index)}`;
  },
};

export const documentChangeNames = Object.keys(documentChanges);

const NUMBER = /-?\d+(\.\d+)?([eE][-+]?\d+)?/g;

/** Replaces some numbers of a JSON text by unusual ones, or by the same number in other digits. */
export const numbersReplaced: Change<string> = (text, random) => {
  const all = [...text.matchAll(NUMBER)];
  if (all.length === 0) return text;
  let changed = text;
  const chosen = new Set(Array.from({ length: 1 + random.below(3) }, () => random.below(all.length)));
  for (const i of [...chosen].sort((a, b) => b - a)) {
    const { index, 0: number } = all[i];
    const other = random.percent(50)
      ? oddNumber(random)
      : `${number}${number.includes('.') ? '' : '.'}${digits(random, 1 + random.below(30))}`;
    changed = changed.slice(0, index) + (/[eE]/.test(number) ? oddNumber(random) : other) + changed.slice(index + number.length);
  }
  return changed;
};

/** Rewrites a JSON text without changing its meaning: with white space, or with a byte order mark. */
export const spaced: Change<string> = (text, random) => {
  const space = random.pick([' ', '\n', '\t', '\r\n', '  \n']);
  const everywhere = () => text.replace(/[,:[\]{}]/g, (sign) => `${space}${sign}${space}`);
  return random.pick([() => `\u00ef\u00bb\u00bf${text}`, everywhere, () => space + text + space])();
};

/** Pads a JSON text with white space to more than `length` bytes. */
export function padded(text: string, length: number, random: Random): string {
  const space = ' '.repeat(length);
  const brackets = [...text.matchAll(/[,:[\]{}]/g)].map(({ index }) => index);
  const at = random.pick([0, text.length, brackets.length > 0 ? random.pick(brackets) : 0]);
  return text.slice(0, at) + space + text.slice(at);
}
