// What Node's HTTP server would decide on its own: how it closes, and what it answers to what is no ordinary request.
import type { FastifyInstance } from 'fastify';
import { responseTo } from './problems.ts';
import { Refusal } from './refusal.ts';

/**
 * Lets every answer arrive whole when the application closes, and no connection outlive its last answer.
 * Node takes a connection for idle once its answer has been handed over, however much of it is still to be sent,
 * and would cut it off; and it waits for connections whose clients have not been told to close them.
 */
export function finishAnswersOnClose(app: FastifyInstance): void {
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
  app.addHook('onRequest', (_request, reply, done) => {
    inFlight++;
    reply.raw.once('close', () => {
      inFlight--;
      if (closing) server.closeIdleConnections();
    });
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
}

/** Closes the application, and cuts off what is still in flight after `ms` milliseconds. */
export async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), ms);
  await app.close();
  clearTimeout(timer);
}

/** Gives a problem document, or the answer itself, where Node would give an empty response or none. */
export function answerUnusualRequests(app: FastifyInstance): void {
  // An expectation that is not understood need not be met.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (_request, socket) => socket.end(responseTo('malformed-request', 'CONNECT is for proxies')));
  app.addHook('onRequest', ({ raw, headers }, _reply, done) => {
    if (headers.host !== undefined || raw.httpVersion !== '1.1') done();
    else done(new Refusal('malformed-request', { detail: 'HTTP/1.1 wants a Host header' }));
  });
}
