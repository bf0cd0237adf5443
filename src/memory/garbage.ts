// The chunks that a body arrives in are garbage as soon as they are copied. V8 sees how small the objects are that hold them, not
// that each has 64 KiB beside it, and would leave them until it has to go through the whole heap: a long pause, and memory for nothing.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After how many bytes of chunks young garbage is collected, which takes about a millisecond. */
const ENOUGH = 2 ** 24;

setFlagsFromString('--expose-gc');
const collect: NodeJS.GCFunction = runInNewContext('gc');

let thrownAway = 0;

/** Says that a chunk of so many bytes has been copied. */
export function throwAway(bytes: number): void {
  thrownAway += bytes;
  if (thrownAway < ENOUGH) return;
  thrownAway = 0;
  collect({ type: 'minor' });
}
