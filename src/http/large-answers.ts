// What large answers need: a time limit for the client, and compression.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { compressed } from './compression.ts';
import { limitReceiving } from './slow-readers.ts';

/** The payload to send for an answer; disconnects a client that has not received it within `ms` milliseconds. */
export function payloadOf(request: FastifyRequest, reply: FastifyReply, answer: string | Buffer, ms: number) {
  limitReceiving(request, reply, answer.length, ms);
  return compressed(request, reply, answer);
}

/** Does the same for all routes that are added to `app` afterwards. Streams, whose length is unknown, count as large. */
export function handleLargeAnswers(app: FastifyInstance, ms: number): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (!isWhole && payload !== undefined && payload !== null) limitReceiving(request, reply, Infinity, ms);
    done(null, isWhole ? payloadOf(request, reply, payload, ms) : payload);
  });
}
