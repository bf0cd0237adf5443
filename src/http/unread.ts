// Handles bodies that are not read (completely): of refused requests, or sent to a route that takes no body.
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    unreadBodies: UnreadBodies;
  }
}

/** A body up to this length is read and discarded at once: that costs less than a new connection. */
const SHORT_BODY_BYTES = 65_536;

/** Time for a client that is still sending to see its answer and stop. */
const NOTICE_MS = 20;

/** The rate at which all bodies together are drained; it takes 2.5 % of a core. */
const DRAIN_BYTES_PER_MS = 32_768;

/** The most bytes of one body that count in the schedule: more are not in transit at once. */
const MOST_ON_ITS_WAY_BYTES = 2 ** 22;

/** Longer bodies, and those of unknown length, are not drained. */
const MOST_DRAINED_BYTES = 2 ** 30;

/** The longest that a connection waits to be drained before it is closed. */
const LONGEST_WAIT_MS = 1_000;

/** Connections that end with an answer that has been given: what is still sent over them is left unread. */
export const endingSockets = new WeakSet<Socket>();

/** A connection over which the rest of a body should still come. */
interface Awaited {
  readonly raw: IncomingMessage;
  /** In milliseconds of performance.now(). */
  readonly since: number;
}

/** The bodies that an application leaves unread. */
export class UnreadBodies {
  /** Until when draining is scheduled, in milliseconds of `performance.now()`. */
  #busyUntil = 0;
  #awaited: Awaited[] = [];

  /**
   * Leaves the rest of a request's body unread: reading it may take longer than computing an answer.
   * - A short body is read and discarded, and the connection stays open.
   * - Otherwise the answer closes the connection, and most clients stop sending when they see it.
   * - Some clients read the answer only after they have sent everything: for them the body is drained later, at a limited rate.
   * - If draining would begin more than a second from now, or the body is very long or of unknown length, the connection is
   *   destroyed. Then the client may see a reset instead of the answer.
   */
  leave({ raw, headers }: FastifyRequest, reply: FastifyReply): void {
    const { socket } = raw;
    // An injected request has no socket.
    if (raw.complete || !(socket instanceof Socket)) return;
    const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
    if (length > 0) this.#awaited.push({ raw, since: performance.now() });
    if (length > SHORT_BODY_BYTES) this.#drainLater(raw, socket, length, reply);
  }

  /** The connections over which the rest of a body has not come since `time`, in milliseconds of performance.now(). */
  lateSockets(time: number): Socket[] {
    this.#awaited = this.#awaited.filter(({ raw }) => !raw.complete && !raw.socket.destroyed);
    return this.#awaited.filter(({ since }) => since < time).map(({ raw }) => raw.socket);
  }

  #drainLater(raw: IncomingMessage, socket: Socket, length: number, reply: FastifyReply): void {
    endingSockets.add(socket);
    const destroySoon = socket.destroySoon.bind(socket);
    reply.header('connection', 'close');
    // read(0) marks the body as being read: otherwise Node would drain it after the answer.
    raw.pause().read(0);
    // Node calls this after the last answer. It would reset the connection, so only half of it is closed for now.
    socket.destroySoon = () => socket.end();
    const now = performance.now();
    const turn = Math.max(this.#busyUntil, now + NOTICE_MS);
    const isTooLate = turn > now + LONGEST_WAIT_MS || length > MOST_DRAINED_BYTES;
    if (!isTooLate) this.#busyUntil = turn + Math.min(length, MOST_ON_ITS_WAY_BYTES) / DRAIN_BYTES_PER_MS;
    const timer = isTooLate
      ? setTimeout(() => socket.destroy(), LONGEST_WAIT_MS)
      : setTimeout(() => raw.once('end', destroySoon).resume(), turn - now);
    socket.once('close', () => clearTimeout(timer));
  }
}
