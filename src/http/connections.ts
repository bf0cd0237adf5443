// What Node's HTTP server would decide on its own: how it closes, how long it waits, and what it answers to what is no ordinary request.
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../refusal.ts';
import { keepBodiesBack } from './continue.ts';
import { atEnd } from './exchange.ts';
import { responseTo } from './problems.ts';
import type { Readiness } from './readiness.ts';

/**
 * Lets every answer arrive whole when the application closes, and no connection outlive its last answer.
 * Node takes a connection for idle once its answer has been handed over, however much of it is still to be sent,
 * and would cut it off; and it waits for connections whose clients have not been told to close them.
 */
export function finishAnswersOnClose(app: FastifyInstance, readiness: Readiness): void {
  const { server } = app;
  const closeIdleConnections = server.closeIdleConnections.bind(server);
  let closing = false;
  let inFlight = 0;
  server.closeIdleConnections = () => {
    if (inFlight === 0) closeIdleConnections();
  };
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', (request, _reply, done) => {
    inFlight++;
    atEnd(request, () => {
      inFlight--;
      if (closing) server.closeIdleConnections();
    });
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing || readiness.isDraining) reply.header('connection', 'close');
    done(null, payload);
  });
}

/** Closes the application, and cuts off what is still in flight after `ms` milliseconds. */
export async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), ms);
  await app.close();
  clearTimeout(timer);
}

/** Up to so many bytes an answer lies in the system's buffers, whether its client reads it or not. */
const BUFFERED = 65_536;

/** Cuts off clients that take longer than `ms` milliseconds to receive an answer: it takes memory until they have it. */
export function limitReceiving(app: FastifyInstance, ms: number): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isSmall = (typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length <= BUFFERED;
    if (!isSmall && payload !== undefined && payload !== null) {
      const timer = setTimeout(() => reply.raw.destroy(), ms);
      atEnd(request, () => clearTimeout(timer));
    }
    done(null, payload);
  });
}

/** Gives a problem document, or the answer itself, where Node would give an empty response or none. */
export function answerUnusualRequests(app: FastifyInstance): void {
  keepBodiesBack(app.server);
  // Another expectation need not be met.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (_request, socket) => socket.end(responseTo('malformed-request', 'CONNECT is for proxies')));
  app.addHook('onRequest', ({ raw, headers }, _reply, done) => {
    if (headers.host !== undefined || raw.httpVersion !== '1.1') done();
    else done(new Refusal('malformed-request', { detail: 'HTTP/1.1 wants a Host header' }));
  });
}

/** How many connections are open. */
export function countConnections({ server }: FastifyInstance): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}
