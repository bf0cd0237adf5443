// What requests and their parts are recognized by after an undo, Back or a reload, when they are other objects.

export interface Digest {
  /** The same text for the same content. */
  readonly text: string;
  /** Of its JSON. */
  readonly length: number;
}

const digests = new WeakMap<object, Digest>();

export function digestOf(part: unknown): Digest {
  const isObject = part instanceof Object;
  const known = isObject && digests.get(part);
  if (known) return known;
  const json = `${JSON.stringify(part)}`;
  const made = { text: `${json.length}:${hashOf(json)}`, length: json.length };
  if (isObject) digests.set(part, made);
  return made;
}

/** FNV-1a, of 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
