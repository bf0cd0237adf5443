// The waits between attempts, which are random.

/** The longest wait that each may have been: the first is 100 ms, each further one twice as long, and none is shorter than half of it. */
export function longestOf(waits: readonly number[]): number[] {
  return waits.map((ms) => 100 * 2 ** Math.ceil(Math.log2(ms / 100)));
}
