// A link that holds a request: in its fragment, which browsers send to no server; compressed, in base64url.

const KEY = 'request';

/** What a browser takes as an address, less what may be put around it. */
const MAX_LINK = 2_000_000;

/** What the service takes by default: a link that unpacks to more is none of ours. */
const MAX_JSON = 64 * 2 ** 20;

/** A link to the page at `base` that holds `request`. Throws if it would be longer than browsers take. */
export async function toLink(request: unknown, base: string): Promise<string> {
  const packed = new Blob([JSON.stringify(request)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const [page] = base.split('#');
  const link = `${page}#${KEY}=${toBase64url(await gather(packed))}`;
  if (link.length <= MAX_LINK) return link;
  throw new Error(
    `The request is too large for a link: it would have ${link.length} characters, and browsers take ${MAX_LINK}. Send it as a file.`,
  );
}

/** The request in the fragment of a link, and undefined where there is none. Throws if it cannot be read. */
export async function fromLink(hash: string): Promise<unknown | undefined> {
  const text = new URLSearchParams(hash.replace(/^#/, '')).get(KEY);
  if (text === null) return undefined;
  const stream = new Blob([fromBase64url(text)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const json = await gather(stream, MAX_JSON).catch(unreadable('is cut off or was changed'));
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    return unreadable('holds no request')(error);
  }
}

/** All bytes of a stream, up to `limit`. */
async function gather(stream: ReadableStream<Uint8Array<ArrayBuffer>>, limit = Number.POSITIVE_INFINITY) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > limit) throw new Error(`more than ${limit} bytes`);
    chunks.push(next.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function unreadable(what: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`The request in this link cannot be read: it ${what}. Ask for the link again.`, { cause });
  };
}

function toBase64url(bytes: Uint8Array): string {
  // A character at a time would be slow, and all at once are more arguments than a call takes.
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  } catch (error) {
    return unreadable('is cut off or was changed')(error);
  }
}
