// HTTP with one service: retries what was refused for the moment, or lost with its connection.
import { ConnectionError, type Problem, problemOf, TimeoutError } from './problem.ts';

export const SAFETENSORS = 'application/vnd.safetensors';
export const JSON_TYPE = 'application/json';

/** The options of a client. */
export interface Options {
  /** The URL of the service, or of its replicas, which requests take in turn. By default `http://127.0.0.1:3000`. */
  readonly url?: string | URL | readonly (string | URL)[];
  /** The API key, if the service requires one. */
  readonly apiKey?: string | undefined;
  /** The longest time without data from the service, in milliseconds; by default 300,000. */
  readonly timeoutMs?: number;
  /** How often to try again after broken connections, with increasing random pauses; by default 4. */
  readonly retries?: number;
  /** For how many milliseconds to repeat a request that the service refuses for the moment (503, 429); by default 60,000. */
  readonly patienceMs?: number;
  /** The most samples in one request. Larger batches are split by samples, and the answers merged; by default they are not. */
  readonly maxBatch?: number;
  /** The most parts of a batch that are computed at the same time; by default 4. */
  readonly connections?: number;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/** The options of a call. */
export interface CallOptions {
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

export interface Ask extends CallOptions {
  readonly method?: string;
  readonly body?: Uint8Array<ArrayBuffer> | Blob | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The media type of the answer; left out: it has none. */
  readonly expected?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

const BUSY = [429, 503];
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;

/** The connections to one service. */
export class Connection {
  readonly urls: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #patienceMs: number;
  readonly #fetch: typeof fetch;
  #turn = 0;

  constructor({
    url = 'http://127.0.0.1:3000',
    apiKey,
    timeoutMs = 300_000,
    retries = 4,
    patienceMs = 60_000,
    ...others
  }: Options) {
    this.urls = [url].flat().map((one) => {
      const text = `${one}`;
      if (!/^https?:\/\//.test(text)) throw new TypeError(`expected a URL that begins with http:// or https://, got ${text}`);
      return text.replace(/\/+$/, '');
    });
    if (this.urls.length === 0) throw new TypeError('expected at least one URL');
    this.#headers = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
    this.#timeoutMs = timeoutMs;
    this.#retries = retries;
    this.#patienceMs = patienceMs;
    // Some engines refuse a fetch that is called as a method.
    const { fetch: given = fetch } = others;
    this.#fetch = (...args) => given(...args);
  }

  /**
   * The answer to a request, if it is one of success. A request may always be sent again: an answer depends on the request alone.
   * @throws Problem if the service refuses the request, TimeoutError if it is silent, ConnectionError if it cannot be reached.
   */
  async ask(path: string, ask: Ask): Promise<Reply> {
    const end = Date.now() + this.#patienceMs;
    const turn = this.#turn++;
    let broken = 0;
    for (let attempt = 0; ; attempt++) {
      const url = this.urls[(turn + attempt) % this.urls.length];
      const outcome = await this.#send(url, path, ask).catch((error: unknown) => {
        if (error instanceof ConnectionError) return error;
        throw error;
      });
      if (!(outcome instanceof ConnectionError) && !BUSY.includes(outcome.status)) return checked(outcome, ask.expected);
      const after = outcome instanceof ConnectionError ? 0 : retryAfterMs(outcome.headers);
      const pause = attempt + 1 < this.urls.length ? 0 : after + jitterMs(attempt);
      if (outcome instanceof ConnectionError) {
        if (++broken >= this.#retries + this.urls.length) throw outcome;
      } else if (Date.now() + pause > end) throw problemIn(outcome);
      await sleep(pause, ask.signal);
    }
  }

  /** The JSON document that answers a request. Throws as `ask` does. */
  async json(path: string, ask: Omit<Ask, 'expected'> = {}): Promise<unknown> {
    const { body } = await this.ask(path, { ...ask, expected: JSON_TYPE });
    return JSON.parse(new TextDecoder().decode(body));
  }

  async #send(
    url: string,
    path: string,
    { method = 'GET', body, headers, expected, signal }: Ask,
  ): Promise<Reply & { statusText: string }> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), this.#timeoutMs);
    };
    heard();
    try {
      const response = await this.#fetch(`${url}${path}`, {
        method,
        headers: { ...(expected && { accept: expected }), ...this.#headers, ...headers },
        ...(body !== undefined && { body }),
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
        // A redirection must not receive the key.
        redirect: 'manual',
      });
      return {
        status: response.status,
        statusText: response.statusText,
        headers: response.headers,
        body: await bytesOf(response, heard),
      };
    } catch (error) {
      signal?.throwIfAborted();
      if (silence.signal.aborted) throw new TimeoutError(`${url} has not answered in time`);
      throw new ConnectionError(`${url} does not answer: ${reasonOf(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The body of a response; `heard` is called whenever a piece has arrived. */
async function bytesOf({ body }: Response, heard: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  const reader = body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    heard();
    pieces.push(read.value);
  }
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

type Received = Reply & { readonly statusText: string };

function checked(reply: Received, expected: string | undefined): Reply {
  const isRight = reply.status >= 200 && reply.status < 300 && (expected === undefined || mediaTypeOf(reply) === expected);
  if (!isRight) throw problemIn(reply);
  return reply;
}

function problemIn(reply: Received): Problem {
  return problemOf(reply.status, reply.statusText, mediaTypeOf(reply), reply.body);
}

function mediaTypeOf({ headers }: Reply): string {
  return (headers.get('content-type') ?? '').split(';')[0].trim();
}

/** Milliseconds by Retry-After, in seconds or as a date; 0 without it. */
export function retryAfterMs(headers: Headers): number {
  const value = headers.get('retry-after') ?? '';
  const wait = /^\d+$/.test(value) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return wait > 0 ? wait : 0;
}

/** A random pause, which becomes longer, so that many clients do not return at the same time. */
function jitterMs(attempt: number): number {
  return Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
}

/** Resolves after so many milliseconds; rejects if the signal ends the wait. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const ended = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', ended);
      resolve();
    }, ms);
    signal?.addEventListener('abort', ended, { once: true });
  });
}

/** Why fetch failed: engines put it into the message, the cause, or its code. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message;
}
