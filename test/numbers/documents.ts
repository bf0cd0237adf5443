// Checks documents of numbers against JSON.parse: mutations that mostly stay valid JSON.
import { Type } from '@sinclair/typebox';
import { asTensor, Matrix, Vector } from '../../schemas/numbers.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { Refusal } from '../../src/refusal.ts';
import { RequestSchema } from '../../src/wire/request-schema.ts';
import { byteChangeNames, byteChanges } from '../fuzz/bytes.ts';
import { oddNumber, oddValue } from '../fuzz/json-changes.ts';
import { Random } from '../fuzz/random.ts';
import { type Checked, MOST_MISMATCHES } from './checked.ts';
import { commonNumber, hardNumber } from './texts.ts';

export interface CheckedDocuments extends Checked {
  /** How many were valid JSON, and how many of these fitted the schema. */
  readonly valid: number;
  readonly accepted: number;
}

const schema = new RequestSchema(Type.Object({ weights: Matrix(), biases: Vector() }, { additionalProperties: false }), () => []);
const limits = { MAX_KEYS: 100_000, MAX_DEPTH: 20_000, MAX_LAYERS: 10_000 };

/** A text longer than this is read in chunks. */
const LONG = 65_536;

/** The longest row or list. */
const LONGEST = 100;

const SPACES = ['', '', '', ' ', '  ', '\n', '\n  ', '\r\n', '\t', `${' '.repeat(63)}`];

type Tokens = string[];

function list(n: number, item: () => string[]): Tokens {
  const tokens = ['['];
  for (let i = 0; i < n; i++) tokens.push(...item(), i < n - 1 ? ',' : ']');
  return tokens;
}

/** The tokens of a document that fits the schema. */
function documentTokens(random: Random): Tokens {
  const number = () => [
    random.percent(5) ? hardNumber(random) : random.percent(50) ? `${random.below(9) / 8}` : commonNumber(random),
  ];
  const size = () => 1 + random.below(random.percent(20) ? LONGEST : 10);
  const columns = size();
  const weights = list(random.percent(10) ? size() : 1 + random.below(4), () => list(columns, number));
  return ['{', '"weights"', ':', ...weights, ',', '"biases"', ':', ...list(size(), number), '}'];
}

const isNumber = (token: string) => /^[-\d]/.test(token);

/** Changes of a document's tokens; most keep it valid. */
const changes: readonly (readonly [weight: number, change: (tokens: Tokens, random: Random) => void])[] = [
  [40, (tokens, random) => changeNumber(tokens, random, random.percent(50) ? hardNumber : commonNumber)],
  [10, (tokens, random) => changeNumber(tokens, random, oddNumber)],
  [30, (tokens, random) => void tokens.splice(random.below(tokens.length + 1), 0, random.pick(SPACES))],
  [3, (tokens, random) => changeNumber(tokens, random, oddValue)],
  [3, (tokens, random) => void tokens.splice(random.below(tokens.length), 1)],
  [3, (tokens, random) => void tokens.splice(random.below(tokens.length), 2)],
  [3, (tokens, random) => void tokens.splice(random.below(tokens.length), 0, random.pick([',', '[', ']', '-', '.', '0', ' 1']))],
];

function changeNumber(tokens: Tokens, random: Random, make: (random: Random) => string): void {
  const at = random.below(tokens.length);
  if (isNumber(tokens[at])) tokens[at] = make(random);
  else if (isNumber(tokens[at + 1] ?? '')) tokens[at + 1] = make(random);
}

/** A document with some changes: of its tokens, its white space, and rarely of its bytes; sometimes a long one. */
function mutation(random: Random): string {
  const tokens = documentTokens(random);
  for (let n = 1 + random.below(3); n > 0; n--) random.weighted(changes)(tokens, random);
  const everywhere = random.percent(20) ? random.pick(SPACES) : '';
  // After commas only, as Python writes it, or after every token.
  let text = random.percent(50)
    ? tokens.join(everywhere)
    : tokens.map((token) => (token === ',' ? `,${everywhere}` : token)).join('');
  if (random.percent(10))
    text = byteChanges[random.pick(byteChangeNames)](Buffer.from(text, 'latin1'), random).toString('latin1');
  // The chunks' ends fall anywhere in the document.
  if (random.percent(2)) text = `{${' '.repeat(random.below(1100))}${text.slice(1)}${' '.repeat(LONG)}`;
  return text;
}

/** The arrays of a document, each after its shape; or the type of the refusal. */
type Outcome = string | readonly (readonly number[])[];

/** The lengths of rows, which are all that counts if they differ: another check refuses them. */
const raggedShape = (rows: readonly number[][]) => [Number.NaN, ...rows.map((row) => row.length)];

function outcomeOf(text: string, scratch: Scratch): Outcome {
  try {
    const document = schema.read(Buffer.from(text), limits, scratch) as Record<string, unknown>;
    return [document.weights, document.biases].map((value) => {
      const array = asTensor(value);
      return array ? [...array.shape, ...array.data] : raggedShape(value as number[][]);
    });
  } catch (error) {
    if (error instanceof Refusal) return error.type;
    throw error;
  }
}

function expectedOf(text: string): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'malformed-body';
  }
  const { weights, biases, ...others } = (value instanceof Object ? value : {}) as Record<string, unknown>;
  const isRow = (row: unknown): row is number[] =>
    Array.isArray(row) && row.length > 0 && row.every((item) => typeof item === 'number');
  const isTwice = text.split('"weights"').length > 2 || text.split('"biases"').length > 2;
  const areRows = Array.isArray(weights) && weights.length > 0 && weights.every(isRow);
  if (!areRows || !isRow(biases) || Object.keys(others).length > 0 || isTwice) return 'invalid-request';
  const columns = weights[0].length;
  const isRagged = weights.some((row) => row.length !== columns);
  const arrays = [isRagged ? raggedShape(weights) : [weights.length, columns, ...weights.flat()], [biases.length, ...biases]];
  return arrays.flat().some((number) => Math.abs(number) === Number.POSITIVE_INFINITY) ? 'invalid-request' : arrays;
}

const isSame = (a: Outcome, b: Outcome) =>
  typeof a === 'string' || typeof b === 'string'
    ? a === b
    : a.every((array, k) => array.length === b[k].length && array.every((number, i) => Object.is(number, b[k][i])));

/** Checks that `count` documents are read, or refused, as JSON.parse and the schema say. Calls `progress` with the count so far. */
export function checkDocuments(count: number, seed: number, progress?: (checked: number) => void): CheckedDocuments {
  const scratch = new Scratch();
  const mismatches: string[] = [];
  let checked = 0;
  let valid = 0;
  let accepted = 0;
  while (checked < count && mismatches.length < MOST_MISMATCHES) {
    const text = mutation(new Random(seed, checked++));
    const expected = expectedOf(text);
    const outcome = scratch.recycle(() => outcomeOf(text, scratch));
    if (expected !== 'malformed-body') valid++;
    if (typeof expected !== 'string') accepted++;
    if (!isSame(outcome, expected)) mismatches.push(`${JSON.stringify(text)}: expected ${expected}, got ${outcome}`);
    progress?.(checked);
  }
  return { checked, mismatches, valid, accepted };
}
