// What parts of requests are recognized by after an undo, Back or a reload, when they are other objects.

const digests = new WeakMap<object, string>();

/** The same text for the same content: its length as JSON, and its FNV-1a hash. */
export function digestOf(part: object): string {
  const known = digests.get(part);
  if (known !== undefined) return known;
  const json = JSON.stringify(part);
  let hash = 0x811c9dc5;
  for (let i = 0; i < json.length; i++) hash = Math.imul(hash ^ json.charCodeAt(i), 0x01000193);
  const digest = `${json.length}:${hash >>> 0}`;
  digests.set(part, digest);
  return digest;
}
