// A request as programs in several languages, each to copy and run as it is.
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { curl } from './as-code/curl.ts';
import { goClient } from './as-code/go.ts';
import { javaClient } from './as-code/java.ts';
import { javascriptClient } from './as-code/javascript.ts';
import { pythonClient } from './as-code/python.ts';
import { pytorch } from './as-code/pytorch.ts';
import { rClient } from './as-code/r.ts';
import { REQUEST_FILE, type Snippet } from './as-code/snippet.ts';

import { targetsKey } from './targets.ts';

export type { Snippet } from './as-code/snippet.ts';

/** Bytes of JSON above which nobody wants to read a request in a program, and compilers refuse it. */
const LARGE = 20_000;

/**
 * Programs that print the loss and all gradients: clients of the service at `origin`, and last the same computation in PyTorch, where the
 * request has what that needs. A large request they read from the file that the note names.
 */
export function asCode(request: GradientsRequest, origin: string): Snippet[] {
  const bytes = JSON.stringify(request).length;
  const source = { request, url: `${origin}/gradients`, large: bytes > LARGE };
  const clients = [curl, pythonClient, javascriptClient, rClient, javaClient, goClient];
  const snippets = [...clients, ...(isComplete(request) ? [pytorch] : [])].map((write) => write(source));
  if (!source.large) return snippets;
  const note = `The request has ${Math.round(bytes / 1000)} kB. Save it as ${REQUEST_FILE} in the folder in which you run this.`;
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
