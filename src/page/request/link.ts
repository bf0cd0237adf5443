// A request as text in a link: compressed, in base64url. Browsers send the fragment of a link to no server.

/** What the service takes by default: a link that decompresses to more is not from this page. */
const MAX_JSON = 64 * 2 ** 20;

/** Why a link cannot be read: it was cut off or changed, or what it holds is not JSON. */
export class UnreadableLink extends Error {}

/** The compressed request. */
export async function pack(request: unknown): Promise<string> {
  const packed = new Blob([JSON.stringify(request)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return toBase64url(await gather(packed));
}

/** The request that `pack` has compressed. Throws UnreadableLink. */
export async function unpack(text: string): Promise<unknown> {
  try {
    const stream = new Blob([fromBase64url(text)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const json = await gather(stream, MAX_JSON);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw new UnreadableLink('', { cause });
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

function toBase64url(bytes: Uint8Array): string {
  // A character at a time would be slow, and all at once are more arguments than a call takes.
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
