// Jobs: requests that the service answers in its own time.
import { type CallOptions, type Connection, JSON_TYPE, retryAfterMs, SAFETENSORS, sleep } from './connection.ts';
import { decodeAnswer } from './document.ts';
import { type ProblemDocument, TimeoutError } from './problem.ts';

/** How far a job is. */
export interface Progress {
  readonly id: string;
  readonly operation: string;
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed';
  readonly parts: { readonly total: number; readonly completed: number };
  /** Why the job failed. */
  readonly problem?: ProblemDocument;
}

export interface Waiting extends CallOptions {
  /** The longest time to wait, in milliseconds; by default without end. Then a TimeoutError is thrown, and the job goes on. */
  readonly timeoutMs?: number;
  /** Is called with each progress. */
  readonly show?: (progress: Progress) => void;
}

/** How often to ask for a job if the service does not say so. */
const POLL_MS = 1000;

/** A job of the service. It goes on if this program ends: `Client.job` finds it again by its id. */
export class Job<Answer> {
  readonly id: string;
  readonly #path: string;
  readonly #connection: Connection;

  constructor(connection: Connection, id: string) {
    this.id = id;
    this.#path = `/jobs/${encodeURIComponent(id)}`;
    this.#connection = connection;
  }

  /** @throws Problem (404) if the job was cancelled or has expired. */
  async progress(options: CallOptions = {}): Promise<Progress> {
    return (await this.#ask(options)).progress;
  }

  /** Waits until the job has succeeded or failed. */
  async wait({ timeoutMs = Number.POSITIVE_INFINITY, show, signal }: Waiting = {}): Promise<Progress> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const { progress, pauseMs } = await this.#ask({ signal });
      show?.(progress);
      if (progress.state === 'succeeded' || progress.state === 'failed') return progress;
      const left = end - Date.now();
      if (left <= 0) throw new TimeoutError(`job ${this.id} has not ended in ${timeoutMs} ms`);
      await sleep(Math.min(pauseMs, left), signal);
    }
  }

  /** The answer of its operation, once the job has ended. @throws Problem if the job failed. */
  async result(waiting: Waiting = {}): Promise<Answer> {
    await this.wait(waiting);
    const { body } = await this.#connection.ask(`${this.#path}/result`, { expected: SAFETENSORS, signal: waiting.signal });
    return decodeAnswer(body) as Answer;
  }

  /** Ends the job if it runs, and removes it with its result. */
  async cancel(options: CallOptions = {}): Promise<void> {
    await this.#connection.ask(this.#path, { method: 'DELETE', ...options });
  }

  async #ask({ signal }: CallOptions): Promise<{ progress: Progress; pauseMs: number }> {
    const { body, headers } = await this.#connection.ask(this.#path, { expected: JSON_TYPE, signal });
    const pauseMs = headers.has('retry-after') ? retryAfterMs(headers) : POLL_MS;
    return { progress: JSON.parse(new TextDecoder().decode(body)), pauseMs };
  }
}
