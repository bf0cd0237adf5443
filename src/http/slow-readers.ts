// Disconnects clients that read too slowly: an unread answer occupies memory.
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Answers up to this size fit into the socket buffer. */
const SOCKET_BUFFER_BYTES = 65_536;

/** Disconnects a client that has not received its answer of `bytes` bytes within `ms` milliseconds. */
export function limitReceiving({ exchange }: FastifyRequest, reply: FastifyReply, bytes: number, ms: number): void {
  if (bytes <= SOCKET_BUFFER_BYTES) return;
  const timer = setTimeout(() => reply.raw.destroy(), ms);
  exchange.atEnd(() => clearTimeout(timer));
}
