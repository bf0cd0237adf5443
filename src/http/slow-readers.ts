// Disconnects clients that read too slowly: an unread answer occupies memory.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Answers up to this size fit into the socket buffer. */
const SOCKET_BUFFER_BYTES = 65_536;

/** Disconnects a client that has not received its answer of `bytes` bytes within `ms` milliseconds. */
export function limitReceiving({ exchange }: FastifyRequest, reply: FastifyReply, bytes: number, ms: number): void {
  if (bytes <= SOCKET_BUFFER_BYTES) return;
  const timer = setTimeout(() => reply.raw.destroy(), ms);
  exchange.atEnd(() => clearTimeout(timer));
}

/** Does the same for all routes that are added to `app` afterwards. Streams, whose length is unknown, count as large. */
export function limitReceivingOf(app: FastifyInstance, ms: number): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (payload !== undefined && payload !== null) limitReceiving(request, reply, isWhole ? payload.length : Infinity, ms);
    done(null, payload);
  });
}
