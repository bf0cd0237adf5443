// What can come of sending a request.

/** An error at a place of the request. */
export interface Located {
  /** A JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

/** A problem document (RFC 9457), as far as the page looks at it; also what went wrong on the way. */
export interface Problem {
  readonly type?: string;
  readonly title: string;
  readonly status?: number;
  readonly detail: string;
  readonly errors?: readonly Located[];
  /** After how many seconds it may be tried again. */
  readonly retryAfter?: number;
  /** Whether there was no connection. */
  readonly offline?: boolean;
}

export interface Progress {
  readonly doing: 'sending' | 'computing' | 'receiving';
  /** From 0 to 1; undefined where it is unknown. */
  readonly share?: number;
}
