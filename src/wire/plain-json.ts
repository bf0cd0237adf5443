// Parses JSON without a schema: the header of a safetensors file, and the JSON document in it. Finds duplicate keys.
import { JsonText, OPEN_LIST, OPEN_OBJECT, type TextLimits } from './json-text.ts';
import { pointerTo } from './pointer.ts';

/** The value of a text, and the first duplicate key, if there is one: JSON.parse silently keeps the last. */
interface Parsed {
  readonly value: unknown;
  /** JSON pointer to the duplicate key. */
  readonly twice?: string;
}

/** @throws Refusal `malformed-body`, `too-complex`; `invalid-request` if the nesting is too deep. */
export function parsePlain(bytes: Buffer, limits: TextLimits): Parsed {
  const text = new JsonText(bytes, limits);
  text.skip();
  if (text.next() !== undefined) throw text.stopsHere('end of file expected');
  const value: unknown = JSON.parse(bytes.toString());
  if (text.keys === countKeys(value)) return { value };
  const again = new JsonText(bytes, limits);
  return { value, twice: firstTwice(again) as string };
}

/** The number of keys and objects in a value. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) count += countKeys(value[i]);
  else {
    const keys = Object.keys(value);
    count = 1 + keys.length;
    for (let i = 0; i < keys.length; i++) count += countKeys(value[keys[i] as never]);
  }
  return count;
}

/** The pointer to the first duplicate key. */
function firstTwice(text: JsonText): string | undefined {
  const byte = text.next();
  let twice: string | undefined;
  if (byte === OPEN_LIST) {
    text.enter();
    for (let i = 0; twice === undefined && text.nextItem(i === 0); i++) twice = within(text, i);
    text.leave();
  } else if (byte === OPEN_OBJECT) {
    const keys = new Set<string>();
    text.enter();
    for (let isFirst = true; twice === undefined && text.nextKey(isFirst); isFirst = false) {
      const key = text.stringAt(text.keyStart, text.keyEnd);
      twice = keys.has(key) ? pointerTo([...text.path, key]) : within(text, key);
      keys.add(key);
    }
    text.leave();
  } else text.skip();
  return twice;
}

function within(text: JsonText, key: string | number): string | undefined {
  text.path.push(key);
  const twice = firstTwice(text);
  text.path.pop();
  return twice;
}
