// A request as programs in several languages, each to copy and run as it is.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { targetsKey } from '../request/targets.ts';
import type { Dictionary } from '../text/en.ts';
import { curl } from './curl.ts';
import { goClient } from './go.ts';
import { javaClient } from './java.ts';
import { javascriptClient } from './javascript.ts';
import { pythonClient } from './python.ts';
import { pytorch } from './pytorch.ts';
import { rClient } from './r.ts';
import { REQUEST_FILE, type Snippet } from './snippet.ts';

export type { Snippet } from './snippet.ts';

/** Bytes of JSON above which nobody wants to read a request in a program, and compilers refuse it. */
const LARGE = 20_000;

/**
 * Programs that print the loss and all gradients: clients of the service at `origin`, and last the same computation in PyTorch, where the
 * request has what that needs. A large request they read from the file that the note names.
 */
export function asCode(request: GradientsRequest, origin: string, t: Dictionary['code']): Snippet[] {
  const bytes = JSON.stringify(request).length;
  const source = { request, url: `${origin}/gradients`, large: bytes > LARGE };
  const clients = [curl, pythonClient, javascriptClient, rClient, javaClient, goClient];
  const snippets = [...clients, ...(isComplete(request) ? [pytorch] : [])].map((write) => write(source));
  if (!source.large) return snippets;
  const note = t.large(Math.round(bytes / 1000), REQUEST_FILE);
  return snippets.map((snippet) => ({ ...snippet, note }));
}

/** A request that is still being written may lack what its type promises. */
function isComplete({ network, batch }: Partial<GradientsRequest>): boolean {
  const layers: unknown = network?.layers;
  return (
    Array.isArray(layers) &&
    layers.every((layer) => layer instanceof Object) &&
    Boolean(batch?.inputs && batch[targetsKey(batch)])
  );
}
