// Reads many small objects of a store.

/** How many are read at once. */
const AT_ONCE = 16;

/** What `read` gives for each key, by the keys, without those for which there is nothing any longer. */
export async function readAll<Value>(
  keys: readonly string[],
  read: (key: string) => Promise<Value | undefined>,
): Promise<Map<string, Value>> {
  const found = new Map<string, Value>();
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    const some = keys.slice(i, i + AT_ONCE);
    const values = await Promise.all(some.map(read));
    for (const [j, value] of values.entries()) if (value !== undefined) found.set(some[j], value);
  }
  return found;
}
