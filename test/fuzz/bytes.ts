// Changes of bytes, independent of their meaning.
import type { Random } from './random.ts';

export type Change<T> = (value: T, random: Random) => T;

const without = (bytes: Buffer, start: number, end: number) => Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
const inserted = (bytes: Buffer, at: number, what: Buffer) => Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);

/** Changes for at least one byte. */
export const byteChanges: Record<string, Change<Buffer>> = {
  'bit flips': (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let i = random.below(3); i >= 0; i--) changed[random.below(bytes.length)] ^= 1 << random.below(8);
    return changed;
  },
  'bytes changed': (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let i = random.below(3); i >= 0; i--) changed[random.below(bytes.length)] = random.below(256);
    return changed;
  },
  'signs changed': (bytes, random) => {
    const changed = Buffer.from(bytes);
    changed[random.below(bytes.length)] = random.pick(Buffer.from('{}[],:"\\-+.eE0123456789 \n\t\0tfn/#'));
    return changed;
  },
  'cut off': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'begun late': (bytes, random) => bytes.subarray(random.below(Math.min(40, bytes.length))),
  'span deleted': (bytes, random) => without(bytes, ...random.span(bytes.length)),
  'span repeated': (bytes, random) => {
    const [start, end] = random.span(bytes.length);
    const times = random.percent(90) ? 1 + random.below(3) : 1 + random.below(1 + Math.floor(20_000 / (end - start)));
    return inserted(bytes, end, Buffer.concat(Array(times).fill(bytes.subarray(start, end))));
  },
  'span moved': (bytes, random) => {
    const [start, end] = random.span(bytes.length);
    const rest = without(bytes, start, end);
    return inserted(rest, random.below(rest.length + 1), bytes.subarray(start, end));
  },
  'bytes inserted': (bytes, random) => inserted(bytes, random.below(bytes.length + 1), random.bytes(1 + random.below(8))),
};

export const byteChangeNames = Object.keys(byteChanges);

/** The beginning of one text and the end of another. */
export function spliced(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  // Often at the same offset, where both may have the same structure.
  const from = random.percent(50) ? Math.min(at, other.length) : random.below(other.length);
  return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
}
