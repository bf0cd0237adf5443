// What becomes of the rest of a body whose request is refused before all of it has come.
import { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A rest of a shorter body is read and thrown away at once: that costs less than a new connection. In bytes. */
const SHORT = 65_536;

/** How long a client that is still sending has to see its answer and stop, in milliseconds. */
const NOTICE = 20;

/** How fast the rests of bodies are read all together, in bytes a millisecond: that takes a fortieth of a core. */
const PACE = 32_768;

/** Of a longer body no more counts: so much of it is on its way at once. In bytes. */
const ON_ITS_WAY = 2 ** 22;

/** The longest that a connection waits for its turn before it is closed, in milliseconds. */
const LONGEST_WAIT = 1_000;

/** When the rests that are to be read will have been, in milliseconds of `performance.now()`. */
let busyUntil = 0;

/**
 * Leaves the rest of a long body unread, since reading it takes as long as many an answer: the connection is to be closed, and most
 * clients stop sending when they see that. Those that look only when they have sent all get their answer as well, as what they send is
 * read after a while and thrown away; but where more is refused than can be read that way, their connections are closed, which a
 * client may notice before its answer.
 */
export function leaveUnread({ raw, headers }: FastifyRequest, reply: FastifyReply): void {
  // Fastify closes the connection over any body that it will not read.
  reply.removeHeader('connection');
  const length = Number(headers['content-length']);
  const { socket } = raw;
  // A request that is injected comes by no socket.
  if (raw.complete || !(length > SHORT && socket instanceof Socket)) return;
  const destroySoon = socket.destroySoon.bind(socket);
  reply.header('connection', 'close');
  // Node reads what nobody has begun to read.
  raw.pause().read(0);
  // With this Node closes a connection after its last answer, which would reset it: half of it is closed for now.
  socket.destroySoon = () => socket.end();
  const now = performance.now();
  const turn = Math.max(busyUntil, now + NOTICE);
  const isTooLate = turn > now + LONGEST_WAIT;
  if (!isTooLate) busyUntil = turn + Math.min(length, ON_ITS_WAY) / PACE;
  const timer = isTooLate
    ? setTimeout(() => socket.destroy(), LONGEST_WAIT)
    : setTimeout(() => raw.once('end', destroySoon).resume(), turn - now);
  socket.once('close', () => clearTimeout(timer));
}
