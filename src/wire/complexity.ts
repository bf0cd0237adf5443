// How complex a document is, found while it is read: what it would cost to build it is not known from its length alone.

import type { Limits } from '../operations/limits.ts';
import { Refusal } from '../refusal.ts';

/** The layers of a request are the objects that are open in so many lists and objects: {"network": {"layers": [{ … */
const LAYER_DEPTH = 4;

const [QUOTE, BACKSLASH, COLON, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\:[]{}');

/**
 * Looks through a JSON text, which need not be well-formed, before anything is built from it.
 * @throws Refusal `invalid-request` if it nests too deep (`malformed-body` if it never ends), `too-complex` if it has too many keys and
 * objects, or too many layers.
 */
export function checkComplexity(text: string, limits: Limits): void {
  let depth = 0;
  let deepest = 0;
  let keys = 0;
  let layers = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_OBJECT:
        keys++;
        if (depth + 1 === LAYER_DEPTH) layers++;
        depth++;
        break;
      case OPEN_LIST:
        depth++;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COLON:
        keys++;
        break;
      default:
        continue;
    }
    if (depth > deepest) deepest = depth;
    if (keys > limits.MAX_KEYS) throw tooMany('keys and objects', '', limits, 'MAX_KEYS');
    if (layers > limits.MAX_LAYERS) throw tooManyLayers(limits);
  }
  if (deepest > limits.MAX_DEPTH) throw tooDeep(limits.MAX_DEPTH, depth === 0);
}

/**
 * Looks at the layers of a document that has been read, if that is what it is given.
 * @throws Refusal `too-complex` if there are too many.
 */
export function checkLayers(layers: unknown, limits: Limits): void {
  if (Array.isArray(layers) && layers.length > limits.MAX_LAYERS) throw tooManyLayers(limits);
}

/** Where the string that begins at `at` ends, at its closing quote. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) !== QUOTE) end += text.charCodeAt(end) === BACKSLASH ? 2 : 1;
  return end;
}

function tooDeep(limit: number, isClosed: boolean): Refusal {
  const detail = `lists and objects nest deeper than ${limit} (MAX_DEPTH)`;
  if (!isClosed) return new Refusal('malformed-body', { detail: `not JSON: ${detail}, and they do not close` });
  return new Refusal('invalid-request', { detail, errors: [{ pointer: '', detail }] });
}

function tooManyLayers(limits: Limits): Refusal {
  return tooMany('layers', '/network/layers', limits, 'MAX_LAYERS');
}

function tooMany(what: string, pointer: string, limits: Limits, name: 'MAX_KEYS' | 'MAX_LAYERS'): Refusal {
  const detail = `there are more ${what} than the limit of ${limits[name]} (${name}): send a smaller network`;
  return new Refusal('too-complex', { detail, errors: [{ pointer, detail }] });
}
