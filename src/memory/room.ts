// Chooses the buffer for an answer. Reuses the request's buffer if possible: fresh memory costs a page fault per 4 KiB.
import { asTensor } from '../../schemas/numbers.ts';

/** A buffer of `size` bytes for a result: `room`, if it is large enough and holds no data of the result; otherwise a new one. */
export function roomFor(size: number, result: object, room: ArrayBuffer): Buffer<ArrayBuffer> {
  if (size > room.byteLength || hasNumbersIn(result, room)) return Buffer.allocUnsafeSlow(size) as Buffer<ArrayBuffer>;
  return Buffer.from(room, 0, size);
}

function hasNumbersIn(value: unknown, buffer: ArrayBuffer): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tensor = asTensor(value);
  return tensor ? tensor.data.buffer === buffer : Object.values(value).some((item) => hasNumbersIn(item, buffer));
}
