// Where an answer is written: in fresh memory, each 4 KiB of which cost a page fault, only if it must be.
import { asTensor } from '../../schemas/numbers.ts';

/** `size` bytes for a result: in `room`, if it is large enough and the result has no numbers there; or else in a buffer of their own. */
export function roomFor(size: number, result: object, room: ArrayBuffer): Buffer<ArrayBuffer> {
  if (size > room.byteLength || hasNumbersIn(result, room)) return Buffer.allocUnsafeSlow(size) as Buffer<ArrayBuffer>;
  return Buffer.from(room, 0, size);
}

function hasNumbersIn(value: unknown, buffer: ArrayBuffer): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tensor = asTensor(value);
  return tensor ? tensor.data.buffer === buffer : Object.values(value).some((item) => hasNumbersIn(item, buffer));
}
