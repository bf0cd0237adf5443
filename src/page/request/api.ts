// How the page calls the service: a POST with its progress, which can be cancelled.
import { apiKey } from '../state.ts';
import { text } from '../text/text.ts';
import type { Problem, Progress } from './problem.ts';

export type Outcome<Answer> = { readonly answer: Answer } | { readonly problem: Problem } | { readonly cancelled: true };

export interface Call<Answer> {
  readonly outcome: Promise<Outcome<Answer>>;
  cancel(): void;
}

/** Sends a document to a path of the service. */
export function send<Answer>(path: string, document_: unknown, progress: (progress: Progress) => void = () => {}): Call<Answer> {
  // fetch does not tell how much of a body has been sent.
  const xhr = new XMLHttpRequest();
  const outcome = new Promise<Outcome<Answer>>((resolve) => {
    xhr.upload.addEventListener('progress', ({ loaded, total }) => progress({ doing: 'sending', share: loaded / total }));
    xhr.upload.addEventListener('load', () => progress({ doing: 'computing' }));
    xhr.addEventListener('progress', ({ lengthComputable, loaded, total }) =>
      progress({ doing: 'receiving', ...(lengthComputable && { share: loaded / total }) }),
    );
    xhr.addEventListener('load', () => resolve(outcomeOf(xhr)));
    xhr.addEventListener('error', () => resolve({ problem: unreachable() }));
    xhr.addEventListener('abort', () => resolve({ cancelled: true }));
  });
  // Relative to where the page is, also under a path of a proxy.
  xhr.open('POST', new URL(path, document.baseURI));
  xhr.setRequestHeader('Content-Type', 'application/json');
  xhr.setRequestHeader('Accept', 'application/json');
  if (apiKey.value) xhr.setRequestHeader('Authorization', `Bearer ${apiKey.value}`);
  xhr.send(JSON.stringify(document_));
  return { outcome, cancel: () => xhr.abort() };
}

function unreachable(): Problem {
  const { offline, noAnswer } = text.value.request;
  return navigator.onLine ? noAnswer : { ...offline, offline: true };
}

function outcomeOf<Answer>(xhr: XMLHttpRequest): Outcome<Answer> {
  performance.mark('parse');
  const body = parsed(xhr.responseText);
  performance.measure('answer read', 'parse');
  if (xhr.status >= 200 && xhr.status < 300 && body) return { answer: body as Answer };
  const after = Number(xhr.getResponseHeader('Retry-After'));
  const fallback = text.value.request.proxy(xhr.status);
  return { problem: { ...fallback, status: xhr.status, ...(body as object), ...(after > 0 && { retryAfter: after }) } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
