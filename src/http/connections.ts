// Replaces defaults of Node's HTTP server: how it closes, and how it answers malformed and unusual requests.
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ProblemType } from '../../schemas/problem.ts';
import { keepBodiesBack } from './continue.ts';
import type { Exchanges } from './exchange.ts';
import { problemOfParser, responseTo } from './problems.ts';
import { endingSockets } from './unread.ts';

/** How often connections are checked for floods, and for requests that arrive too slowly. */
const CHECK_INTERVAL_MS = 1_000;

/** More than any headers take. */
const FLOOD_BYTES = 2 ** 17;

/** The time for a client to see the last answer on its connection. */
const NOTICE_MS = 1_000;

/** The most turns of the event loop in which connections are accepted before the application stops listening. */
const MOST_TURNS = 1_000;

/** The code of Node's error for a request that has not arrived in time. */
const TIMEOUT_CODE = 'ERR_HTTP_REQUEST_TIMEOUT';

/** The open connections of an application. */
export function openConnections({ server }: FastifyInstance): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

/**
 * Destroys connections that send much and no request: Node's parser skips empty lines, and spaces before the value of a header,
 * without counting them. The rest of a refused body is not meant: see unread.ts.
 */
export function cutOffFloods(app: FastifyInstance, exchanges: Exchanges, open: ReadonlySet<Socket>): void {
  let before = new Map<Socket, { readonly read: number; readonly written: number }>();
  const check = () => {
    const busy = exchanges.busySockets;
    const now: typeof before = new Map();
    for (const socket of open) {
      const [read, written] = [socket.bytesRead, socket.bytesWritten];
      const last = before.get(socket);
      const isFlood = last?.written === written && read - last.read > FLOOD_BYTES;
      // The rest of a refused body may be drained after its exchange: see unread.ts.
      if (isFlood && !busy.has(socket) && !endingSockets.has(socket)) socket.destroy();
      else now.set(socket, { read, written });
    }
    before = now;
  };
  checkAgainAndAgain(app, check);
}

/**
 * Ends requests that have not arrived within `ms` milliseconds, as Node does by its requestTimeout, but not uploads. A connection
 * that ends with its answer, and whose client goes on sending, is destroyed.
 */
export function cutOffLateRequests(app: FastifyInstance, exchanges: Exchanges, ms: number): void {
  const endLate = (socket: Socket) => {
    const error = Object.assign(new Error('the request did not arrive in time'), { code: TIMEOUT_CODE });
    app.server.emit('clientError', error, socket);
  };
  checkAgainAndAgain(app, () => {
    const time = performance.now() - ms;
    const busy = exchanges.busySockets;
    for (const socket of [...exchanges.lateSockets(time), ...app.unreadBodies.lateSockets(time)]) {
      if (!endingSockets.has(socket)) endLate(socket);
      // An answer that is being sent has a time limit of its own.
      else if (!busy.has(socket)) socket.destroy();
    }
  });
}

/** Calls `check` every second, until the application closes. */
function checkAgainAndAgain(app: FastifyInstance, check: () => void): void {
  const interval = setInterval(check, CHECK_INTERVAL_MS).unref();
  app.addHook('onClose', async () => clearInterval(interval));
}

/**
 * When the application closes, lets every answer arrive completely, and closes each connection after its last answer. Node alone
 * would do neither: it considers a connection idle, and closes it, as soon as the answer has been passed to the socket, sent or
 * not; and it waits for keep-alive connections whose clients were not told to close them. Connections that have not sent a request
 * yet are kept for some time, and those that still wait to be accepted are accepted first: Node alone would reset both.
 */
export function finishAnswersOnClose(app: FastifyInstance, exchanges: Exchanges, open: ReadonlySet<Socket>): void {
  const { server } = app;
  let accepted = 0;
  server.on('connection', () => {
    accepted++;
  });
  const unused = new Set<Socket>();
  const closeIdleConnections = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    if (exchanges.inFlight === 0 && unused.size === 0) closeIdleConnections();
  };
  const acceptWaiting = async () => {
    for (let turn = 0, before = -1; turn < MOST_TURNS && before !== accepted; turn++) {
      before = accepted;
      // Connections are accepted in one turn, and their requests are read in the next one.
      await setImmediate();
      await setImmediate();
    }
  };
  app.addHook('preClose', async () => {
    exchanges.closeConnections();
    await acceptWaiting();
    exchanges.whenIdle = () => server.closeIdleConnections();
    if (exchanges.unusedMs === 0) return;
    for (const socket of open) {
      if (socket.bytesWritten > 0) continue;
      unused.add(socket);
      socket.once('close', () => {
        unused.delete(socket);
        server.closeIdleConnections();
      });
    }
    const giveUp = () => {
      unused.clear();
      server.closeIdleConnections();
    };
    setTimeout(giveUp, exchanges.unusedMs).unref();
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
    if (endingSockets.has(socket)) {
      // Whoever reads a body may have resumed it.
      socket.pause();
      return;
    }
    // The client has disconnected: no answer. If a request was in flight, it has its own log line.
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const problem = problemOfParser(code);
    count(problem);
    log.info({ problem, code }, 'malformed HTTP');
    endWith(socket, responseTo(problem, `the HTTP parser stopped with ${code}`));
  };
}

/** Sends the last answer on a connection, and closes it when the client had time to see it. What still comes is not read. */
function endWith(socket: Socket, response: string): void {
  endingSockets.add(socket);
  socket.end(response);
  socket.pause();
  const timer = setTimeout(() => socket.destroy(), NOTICE_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** Answers Expect and CONNECT requests properly: Node alone would send an empty response or none. */
export function answerUnusualRequests(app: FastifyInstance): void {
  keepBodiesBack(app.server);
  // Expectations other than 100-continue are ignored.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (_request, socket: Socket) =>
    endWith(socket, responseTo('malformed-request', 'CONNECT is for proxies')),
  );
}

/** The number of open connections. */
export function countConnections({ server }: FastifyInstance): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}
