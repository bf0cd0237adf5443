// The body of an upload: a stream that may take long, as long as something arrives.
import { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../refusal.ts';
import { contentEncoding, decompress, decompressionError } from './content-encoding.ts';
import { askForBody } from './continue.ts';

/** The most uploads in progress, and those of one owner. Each takes some MiB of memory; one of JSON, a few times its size. */
const MOST_UPLOADS = 32;
const MOST_OF_OWNER = 8;

/** When to try again if there are too many. */
const RETRY_SECONDS = 10;

/** The uploads in progress. */
export class Uploads {
  readonly #idleMs: number;
  readonly #byOwner = new Map<string, number>();
  #count = 0;

  /** An upload may send nothing for `idleMs` milliseconds. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /**
   * Calls `receive` with the body of a request, decompressed, which is read only as far as it is asked for. What is left of it stays
   * unread. Nothing is read before that, and a client that waits for 100 Continue gets it only then.
   * @throws Refusal `overloaded`; whatever `receive` throws; the body throws `request-timeout` and `malformed-body`.
   */
  async receive<Result>(
    request: FastifyRequest,
    reply: FastifyReply,
    receive: (bytes: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Result> {
    const { exchange, raw } = request;
    this.#begin(exchange.owner);
    exchange.isUpload = true;
    const endLongLife = liveLong(request);
    let result: Result;
    try {
      result = await receive(bytesOf(request, reply, this.#idleMs));
    } finally {
      endLongLife();
      exchange.isUpload = false;
      this.#end(exchange.owner);
      // A short rest is discarded; a longer one is paused again when it is left unread.
      raw.resume();
    }
    request.server.unreadBodies.leave(request, reply);
    return result;
  }

  #begin(owner: string): void {
    const own = this.#byOwner.get(owner) ?? 0;
    if (own >= MOST_OF_OWNER) throw tooMany(`${own}, as many as one client may have`);
    if (this.#count >= MOST_UPLOADS) throw tooMany(`${this.#count}, as many as there may be`);
    this.#byOwner.set(owner, own + 1);
    this.#count++;
  }

  #end(owner: string): void {
    this.#count--;
    const own = (this.#byOwner.get(owner) as number) - 1;
    if (own > 0) this.#byOwner.set(owner, own);
    else this.#byOwner.delete(owner);
  }
}

function tooMany(what: string): Refusal {
  return new Refusal('overloaded', { detail: `uploads in progress: ${what}` }, RETRY_SECONDS);
}

/**
 * Keeps the connection of a request while nothing is sent over it for longer than the time limit for idle connections. Returns a
 * function that ends this.
 */
export function liveLong({ raw, server }: FastifyRequest): () => void {
  const { socket } = raw;
  // An injected request has no socket.
  if (!(socket instanceof Socket)) return () => {};
  socket.setTimeout(0);
  return () => socket.setTimeout(server.server.timeout);
}

/** The body of a request, decompressed, in the chunks in which it arrives. */
async function* bytesOf({ raw, headers, exchange }: FastifyRequest, reply: FastifyReply, idleMs: number) {
  const encoding = contentEncoding(headers);
  askForBody(raw);
  const { body, abandon } = encoding ? decompress(raw, encoding) : { body: raw, abandon: () => {} };
  const chunks: Buffer[] = [];
  let isWaiting = false;
  let isIdle = false;
  let hasEnded = false;
  let failure: Error | undefined;
  let arrived = Promise.withResolvers<void>();
  const take = (chunk: Buffer) => {
    body.pause();
    chunks.push(chunk);
    arrived.resolve();
  };
  const end = () => {
    hasEnded = true;
    arrived.resolve();
  };
  const fail = (error: Error) => {
    failure ??= error;
    arrived.resolve();
  };
  // The time that the store takes does not count.
  const timer = setTimeout(() => {
    isIdle = isWaiting;
    if (isIdle) fail(tooIdle(idleMs));
  }, idleMs);
  const refresh = () => timer.refresh();
  raw.on('data', refresh);
  body
    .on('data', take)
    .on('end', end)
    .on('error', (error) => fail(decompressionError(error, encoding)));
  exchange.receivedBytes = 0;
  try {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk) {
        exchange.receivedBytes += chunk.length;
        yield chunk;
        continue;
      }
      if (failure) throw failure;
      if (hasEnded) return;
      isWaiting = true;
      refresh();
      body.resume();
      await arrived.promise;
      isWaiting = false;
      arrived = Promise.withResolvers();
    }
  } finally {
    clearTimeout(timer);
    raw.off('data', refresh);
    body.off('data', take);
    abandon();
    raw.pause();
    if (isIdle) reply.header('connection', 'close');
  }
}

function tooIdle(ms: number): Refusal {
  return new Refusal('request-timeout', { detail: `nothing of the upload has arrived for ${ms} ms (UPLOAD_IDLE_MS)` });
}
