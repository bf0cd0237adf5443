// Errors of the service, and of the way to it.

/** One error in a request. */
export interface Finding {
  /** A JSON pointer (RFC 6901) into the request, such as `/network/layers/0/weights/1`. */
  readonly pointer: string;
  readonly detail: string;
}

/** A problem document (RFC 9457). */
export interface ProblemDocument {
  readonly type?: string;
  readonly title?: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly Finding[];
  readonly step?: string | undefined;
  readonly layer?: number | undefined;
}

/** A refusal by the service, or by a proxy in front of it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** Such as `/problems/shape-mismatch`: a path of the service that explains the problem. */
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly Finding[];
  /** The step at which the first non-finite value was computed, and its layer. */
  readonly step: string | undefined;
  readonly layer: number | undefined;

  constructor({ status, type = 'about:blank', title = '', detail = '', errors = [], step, layer }: ProblemDocument) {
    super([`${status} ${title}: ${detail}`, ...errors.map(({ pointer, detail }) => `  ${pointer}: ${detail}`)].join('\n'));
    this.status = status;
    this.type = type;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.step = step;
    this.layer = layer;
  }
}

/** There is no connection to the service, or it broke. `cause` has the error of `fetch`. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** The service was silent for too long. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** The problem that an answer is. */
export function problemOf(status: number, statusText: string, mediaType: string, body: Uint8Array): Problem {
  const text = new TextDecoder().decode(body);
  if (mediaType === 'application/problem+json') {
    try {
      return new Problem({ ...JSON.parse(text), status });
    } catch {}
  }
  return new Problem({
    status,
    title: statusText,
    detail: `no answer of the gradient service: ${text.slice(0, 200).trim() || 'no text'}`,
  });
}
