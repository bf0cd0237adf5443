// Replaces defaults of Node's HTTP server: how it closes, and how it answers malformed and unusual requests.
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ProblemType } from '../../schemas/problem.ts';
import { keepBodiesBack } from './continue.ts';
import type { Exchanges } from './exchange.ts';
import { problemOfParser, responseTo } from './problems.ts';

/**
 * When the application closes, lets every answer arrive completely, and closes each connection after its last answer. Node alone
 * would do neither: it considers a connection idle, and closes it, as soon as the answer has been passed to the socket, sent or
 * not; and it waits for keep-alive connections whose clients were not told to close them.
 */
export function finishAnswersOnClose(app: FastifyInstance, exchanges: Exchanges): void {
  const { server } = app;
  const closeIdleConnections = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    if (exchanges.inFlight === 0) closeIdleConnections();
  };
  app.addHook('preClose', async () => {
    exchanges.closeConnections();
    exchanges.whenIdle = closeIdleConnections;
  });
}

/** Closes the application; connections still open after `ms` milliseconds are destroyed. */
export async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), ms);
  await app.close();
  clearTimeout(timer);
}

/** Answers requests that Node's HTTP parser rejects; `count` is called with each problem. */
export function answerParserErrors(count: (problem: ProblemType) => void, log: FastifyBaseLogger) {
  return ({ code = 'no code' }: NodeJS.ErrnoException, socket: Socket): void => {
    // The client has disconnected: no answer. If a request was in flight, it has its own log line.
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const problem = problemOfParser(code);
    count(problem);
    log.info({ problem, code }, 'malformed HTTP');
    socket.end(responseTo(problem, `the HTTP parser stopped with ${code}`));
  };
}

/** Answers Expect and CONNECT requests properly: Node alone would send an empty response or none. */
export function answerUnusualRequests(app: FastifyInstance): void {
  keepBodiesBack(app.server);
  // Expectations other than 100-continue are ignored.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (_request, socket) => socket.end(responseTo('malformed-request', 'CONNECT is for proxies')));
}

/** The number of open connections. */
export function countConnections({ server }: FastifyInstance): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}
