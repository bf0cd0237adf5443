// Bodies of 64 KB that may be expensive to read: seed and index determine a body completely.
import { BODY_BYTES, type OddBody, oddBodies, plainBody } from '../support/odd-bodies.ts';
import { file } from '../support/safetensors-file.ts';
import type { Format } from '../support/workloads.ts';
import { byteChangeNames, byteChanges } from './bytes.ts';
import { numbersReplaced, oddKey, oddValue } from './json-changes.ts';
import { Random } from './random.ts';

export interface Costly {
  /** A readable description of the changes. */
  readonly story: string;
  readonly format: Format;
  readonly body: Buffer;
}

const LAYERS = '"network":{"layers":[{"weights":[[1]]}]}';
const BATCH = '"batch":{"inputs":[[1]],"targets":[[1]]}';

/** Requests around a place where something can be repeated; `keys` if that takes keys. */
const places: readonly { readonly before: string; readonly after: string; readonly keys?: true }[] = [
  { before: '{', after: `,${LAYERS},${BATCH}}`, keys: true },
  { before: '{"network":{"layers":[', after: `]},${BATCH}}` },
  { before: '{"network":{"layers":[{"weights":[[1]],', after: `}]},${BATCH}}`, keys: true },
  { before: '{"network":{"layers":[{"weights":[[1,2],', after: `]}]},${BATCH}}` },
  { before: '{"network":{"layers":[{"weights":[[1]],"activation":{"type":"elu",', after: `}}]},${BATCH}}`, keys: true },
  { before: `{${LAYERS},"batch":{"targets":[[1]],"inputs":[`, after: ']}}' },
  { before: `{${LAYERS},"batch":{"targets":[[1]],"inputs":[[`, after: ']]}}' },
  { before: `{${LAYERS},"batch":{"inputs":[[1]],"targets":[`, after: ']},"loss":"cross_entropy"}' },
  { before: `{${LAYERS},${BATCH},"loss":{"type":"mse",`, after: '}}', keys: true },
  { before: `{${LAYERS},${BATCH},"loss":{`, after: ',"type":"mse"}}', keys: true },
  { before: `{${LAYERS},${BATCH},"include":[`, after: ']}' },
  { before: '[', after: ']' },
];

/** Some odd values at one place of a request, again and again. */
function repeatedValues(random: Random): string {
  const { before, after, keys } = random.pick(places);
  const values = Array.from({ length: 1 + random.below(3) }, () => oddValue(random)).filter((value) => value.length < 2000);
  const names = values.map(() => JSON.stringify(oddKey(random)).slice(1, -1));
  const areDistinct = random.percent(50);
  const units: string[] = [];
  let room = BODY_BYTES - before.length - after.length;
  for (let i = 0; values.length > 0; i++) {
    const value = values[i % values.length];
    const unit = keys ? `"${names[i % values.length]}${areDistinct ? i : ''}":${value}` : value;
    room -= Buffer.byteLength(unit) + 1;
    if (room < 0) break;
    units.push(unit);
  }
  return before + units.join() + after;
}

/** A part of a text, again and again, as often as fits. */
function repeatedSpan(text: string, random: Random): string {
  const start = random.below(text.length);
  const span = text.slice(start, start + 1 + random.below(64));
  const kept = text.slice(0, Math.min(start, random.below(4000)));
  const end = text.slice(-random.below(200));
  return kept + span.repeat(Math.max(1, Math.floor((BODY_BYTES - kept.length - end.length) / span.length))) + end;
}

const json = oddBodies.filter(({ format }) => format === 'json').concat(plain('json'));
const binary = oddBodies.filter(({ format }) => format === 'binary').concat(plain('binary'));

function plain(format: Format): OddBody {
  return { name: 'plain', format, status: 200, body: plainBody(format) };
}

/** Changes of the text of a JSON document. */
const changes: Record<string, (text: string, random: Random) => string> = {
  'a span repeated': repeatedSpan,
  'numbers replaced': numbersReplaced,
  spliced: (text, random) => {
    const other = `${random.pick(json).body}`;
    const at = random.below(text.length);
    return text.slice(0, at) + other.slice(random.percent(50) ? at : random.below(other.length));
  },
  bytes: (text, random) => byteChanges[random.pick(byteChangeNames)](Buffer.from(text, 'latin1'), random).toString('latin1'),
};

/** The body for a seed and an index. */
export function costly(seed: number, index: number): Costly {
  const random = new Random(seed, index);
  const isJson = random.percent(70);
  if (isJson && random.percent(50))
    return { story: 'values repeated', format: 'json', body: sized(Buffer.from(repeatedValues(random))) };
  const { name, body } = random.pick(isJson ? json : binary);
  const told = [name];
  const dataAt = isJson ? 0 : 8 + Number(body.readBigUInt64LE());
  let text = isJson ? body.toString('latin1') : body.toString('latin1', 8, dataAt);
  for (let n = 1 + random.below(3); n > 0 && text.length > 0; n--) {
    const change = random.pick(Object.keys(changes));
    told.push(change);
    text = changes[change](text, random);
  }
  const bytes = Buffer.from(text, 'latin1');
  if (isJson) return { story: told.join(', '), format: 'json', body: sized(bytes) };
  const framed = file(bytes, body.subarray(dataAt));
  return { story: told.join(', '), format: 'binary', body: sized(framed) };
}

/** The body with exactly BODY_BYTES bytes: cut off, or with spaces. */
function sized(body: Buffer): Buffer {
  return Buffer.concat([body.subarray(0, BODY_BYTES), Buffer.alloc(Math.max(0, BODY_BYTES - body.length), ' ')]);
}
