// The application: everything but the process. The only call of Fastify(), in tests too.
import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Config } from '../schemas/config.ts';
import { answerUnusualRequests, countConnections, finishAnswersOnClose, limitReceiving } from './http/connections.ts';
import { contentEncodings } from './http/content-encoding.ts';
import { watchRequests } from './http/exchange.ts';
import { guard } from './http/gate.ts';
import { methodNotAllowedRoutes } from './http/method-not-allowed.ts';
import { handleError, handleNotFound, problemOfParser, responseTo } from './http/problems.ts';
import { type Readiness, watchReadiness } from './http/readiness.ts';
import { chooseEngine } from './linalg/engines.ts';
import { collectMetrics } from './observability/metrics.ts';
import { logRequest } from './observability/request-log.ts';
import { startPool } from './pool/pool.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { homeRoutes } from './routes/home.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { gradientsRoutes } from './routes/operations.ts';
import { problemsRoutes } from './routes/problems.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readiness: Readiness;
  }
}

/** Request ids that clients may choose: what fits in a log line. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** How often Node looks for requests and connections that have taken too long, in milliseconds. */
const TIMEOUTS_INTERVAL = 1_000;

/** Shorter answers fit into a packet or two, whether they are compressed or not, in bytes. */
const WORTH_COMPRESSING = 4_096;

/** Builds the application, ready to listen or to be injected requests; without a logger it logs nothing. */
export async function buildApp(config: Config, logger?: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger && { loggerInstance: logger }),
    // One line a request, by observability/request-log.ts.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.BODY_LIMIT,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    keepAliveTimeout: config.KEEP_ALIVE_MS,
    // Nothing comes and goes while an answer is computed, or while its client does not read.
    connectionTimeout: config.DEADLINE_MS + config.ANSWER_TIMEOUT_MS,
    http: {
      headersTimeout: Math.min(config.HEADERS_TIMEOUT_MS, config.REQUEST_TIMEOUT_MS),
      connectionsCheckingInterval: TIMEOUTS_INTERVAL,
      // A request without one is answered, too, by answerUnusualRequests.
      requireHostHeader: false,
    },
    ...(config.TRUST_PROXY && { trustProxy: trusted(config.TRUST_PROXY) }),
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // A request that comes in on an open connection while the service closes is answered like any other.
    return503OnClosing: false,
    frameworkErrors(error, request, reply) {
      // No hook runs for these.
      beginToWatch(request, reply);
      handleError(error, request, reply);
    },
    clientErrorHandler({ code = 'no code' }: NodeJS.ErrnoException, socket) {
      // Whoever has gone gets no answer, and what was in the middle has a line of its own.
      if (code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      const problem = problemOfParser(code);
      metrics.count(problem);
      app.log.info({ problem, code }, 'what came is no request');
      socket.end(responseTo(problem, `the HTTP parser stopped with ${code}`));
    },
  });
  app.server.maxConnections = config.MAX_CONNECTIONS;
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleNotFound);
  // The schemas of the routes make the documentation. The body is checked where it is decoded, by the same schema
  // (operations/answer.ts), and answers are written there: Fastify is to change neither.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (document) => JSON.stringify(document));

  const chosen = chooseEngine(config.ENGINE, config.BLAS_LIBRARY);
  if (chosen.refused) app.log.warn(chosen.refused);
  const pool = startPool(chosen, config, app.log);
  app.log.info({ ...chosen.choice, threads: pool.threads.length }, `engine: ${chosen.choice.name}`);
  app.addHook('onClose', () => pool.close());
  const readiness = watchReadiness(pool);
  app.decorate('readiness', readiness);

  const metrics = collectMetrics({
    engine: chosen.choice,
    pool,
    ready: () => readiness.state === 'ready',
    connections: () => countConnections(app),
  });
  const observers = [logRequest, metrics.observe];
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) {
    // Loaded only where there are traces: it is a third of what the service loads.
    const { startTraces } = await import('./observability/traces.ts');
    const traces = startTraces(config.OTEL_EXPORTER_OTLP_ENDPOINT, app.log);
    observers.push(traces.observe);
    app.addHook('onClose', () => traces.close());
  }
  const beginToWatch = watchRequests(app, observers);
  // Hooks that every request goes through call back: a promise each was a large part of what a small request takes.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  finishAnswersOnClose(app, readiness);
  limitReceiving(app, config.ANSWER_TIMEOUT_MS);
  answerUnusualRequests(app);
  await guard(app, config);
  await app.register(compress, {
    encodings: [...contentEncodings],
    threshold: WORTH_COMPRESSING,
    globalDecompression: false,
    // Numbers shrink by half at the fastest level, and by little more at slower ones.
    zlibOptions: { level: 1 },
  });
  const addMissingMethods = methodNotAllowedRoutes(app);
  await docsRoutes(app);
  homeRoutes(app);
  gradientsRoutes(app, pool, config.BODY_LIMIT);
  healthRoutes(app, chosen.choice, readiness);
  metricsRoutes(app, metrics);
  problemsRoutes(app);
  addMissingMethods();
  await app.ready();
  return app;
}

/** Which proxies are believed, by their addresses or by how many there are before the service. */
function trusted(proxies: string): string | ((address: string, hop: number) => boolean) {
  return /^\d+$/.test(proxies) ? (_address, hop) => hop < Number(proxies) : proxies;
}
