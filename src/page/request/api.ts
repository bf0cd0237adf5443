// The one call of the service: POST /gradients, with its progress, and a way to give it up.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';

/** A problem document (RFC 9457), as far as the page looks at it; also what went wrong on the way. */
export interface Problem {
  readonly type?: string;
  readonly title: string;
  readonly status?: number;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  /** After how many seconds it may be tried again. */
  readonly retryAfter?: number;
}

export interface Progress {
  readonly doing: 'sending' | 'computing' | 'receiving';
  /** From 0 to 1; undefined where it cannot be told. */
  readonly share?: number;
}

export type Outcome = { readonly answer: GradientsAnswer } | { readonly problem: Problem } | { readonly cancelled: true };

export interface Call {
  readonly outcome: Promise<Outcome>;
  cancel(): void;
}

/** Sends the JSON of a request. */
export function postGradients(json: string, key: string, progress: (progress: Progress) => void): Call {
  // fetch does not tell how much of a body has been sent.
  const xhr = new XMLHttpRequest();
  const outcome = new Promise<Outcome>((resolve) => {
    xhr.upload.addEventListener('progress', ({ loaded, total }) => progress({ doing: 'sending', share: loaded / total }));
    xhr.upload.addEventListener('load', () => progress({ doing: 'computing' }));
    xhr.addEventListener('progress', ({ lengthComputable, loaded, total }) =>
      progress({ doing: 'receiving', ...(lengthComputable && { share: loaded / total }) }),
    );
    xhr.addEventListener('load', () => resolve(outcomeOf(xhr)));
    xhr.addEventListener('error', () =>
      resolve({ problem: { title: 'No answer', detail: 'The service cannot be reached. Is it still running?' } }),
    );
    xhr.addEventListener('abort', () => resolve({ cancelled: true }));
  });
  // Where the page is, also under a path of a proxy's.
  xhr.open('POST', new URL('gradients', document.baseURI));
  xhr.setRequestHeader('Content-Type', 'application/json');
  xhr.setRequestHeader('Accept', 'application/json');
  if (key) xhr.setRequestHeader('Authorization', `Bearer ${key}`);
  xhr.send(json);
  return { outcome, cancel: () => xhr.abort() };
}

function outcomeOf(xhr: XMLHttpRequest): Outcome {
  performance.mark('parse');
  const body = parsed(xhr.responseText);
  performance.measure('answer read', 'parse');
  if (xhr.status === 200 && body) return { answer: body as GradientsAnswer };
  const after = Number(xhr.getResponseHeader('Retry-After'));
  const fallback = {
    title: `Status ${xhr.status}`,
    detail: 'This is no answer of the service; something before it may have sent it.',
  };
  return { problem: { ...fallback, status: xhr.status, ...(body as object), ...(after > 0 && { retryAfter: after }) } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How many numbers the shares of all samples may have, to be asked for. */
const MOST_SHARES = 20_000;

/** A request for all that the page shows. */
export function forPage(request: GradientsRequest): GradientsRequest {
  const { layers } = request.network;
  const parameters = layers.reduce(
    (sum, { weights, biases }) => sum + weights.length * weights[0].length + (biases?.length ?? 0),
    0,
  );
  const samples = request.batch.samples === 'columns' ? request.batch.inputs[0].length : request.batch.inputs.length;
  const small = parameters * samples <= MOST_SHARES;
  return {
    ...request,
    include: ['trace', 'outputs', 'gradient_norms', 'per_sample_losses', ...(small ? (['per_sample_gradients'] as const) : [])],
  };
}
