// Sends small answers in batches.
import type { FastifyReply } from 'fastify';

/** A batch of this size is sent at once, so that the clients can work while the service computes the next answers. */
const MOST_ANSWERS = 4;

/**
 * Collects the answers that are ready in one turn of the event loop, and sends them at its end. A write to a client or proxy that
 * sleeps on another core of the same machine sends that core an interrupt, which takes about as long as answering a small
 * request. Writes that follow while the core wakes up need no interrupt.
 */
export class AnswerBatch {
  #waiting: (readonly [FastifyReply, string])[] = [];
  readonly #sendWaiting = () => this.send();

  add(reply: FastifyReply, answer: string): void {
    this.#waiting.push([reply, answer]);
    if (this.#waiting.length === 1) setImmediate(this.#sendWaiting);
    else if (this.#waiting.length === MOST_ANSWERS) this.send();
  }

  /** Sends the collected answers. Call it before any long computation. */
  send(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [reply, answer] of waiting) reply.send(answer);
  }
}
