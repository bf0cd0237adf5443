// The application: everything but the process. The only call of Fastify(), in tests too.
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Config } from '../schemas/config.ts';
import { answerUnusualRequests, finishAnswersOnClose } from './connections.ts';
import { chooseEngine } from './linalg/engines.ts';
import { startPool } from './pool/pool.ts';
import { handleError, handleNotFound, responseToUnreadable } from './problems.ts';
import { docsRoutes } from './routes/docs.ts';
import { gradientsRoutes } from './routes/gradients.ts';
import { healthRoutes } from './routes/health.ts';
import { homeRoutes } from './routes/home.ts';
import { methodNotAllowedRoutes } from './routes/method-not-allowed.ts';
import { problemsRoutes } from './routes/problems.ts';

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 300_000;

/** Request ids that clients may choose: what fits in a log line. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Builds the application, ready to listen or to be injected requests; without a logger it logs nothing. */
export async function buildApp(config: Config, logger?: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger && { loggerInstance: logger }),
    bodyLimit: config.BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    // A request without one is answered, too, by answerUnusualRequests.
    http: { requireHostHeader: false },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // A request that comes in on an open connection while the service closes is answered like any other.
    return503OnClosing: false,
    frameworkErrors: handleError,
    clientErrorHandler({ code }, socket) {
      if (socket.writable) socket.end(responseToUnreadable(code));
      else socket.destroy();
    },
  });
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleNotFound);
  // The schemas of the routes make the documentation. The body is checked where it is decoded, by the same schema
  // (src/answer.ts), and answers are written there: Fastify is to change neither.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (document) => JSON.stringify(document));
  // Hooks that every request goes through call back: a promise each was a large part of what a small request takes.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });

  const chosen = chooseEngine(config.ENGINE, config.BLAS_LIBRARY);
  if (chosen.refused) app.log.warn(chosen.refused);
  const pool = startPool(chosen, config, app.log);
  app.log.info({ ...chosen.choice, threads: pool.threads.length }, `engine: ${chosen.choice.name}`);
  app.addHook('onClose', () => pool.close());

  finishAnswersOnClose(app);
  answerUnusualRequests(app);
  const addMissingMethods = methodNotAllowedRoutes(app);
  await docsRoutes(app);
  homeRoutes(app);
  gradientsRoutes(app, pool, config.BODY_LIMIT);
  healthRoutes(app, chosen.choice);
  problemsRoutes(app);
  addMissingMethods();
  await app.ready();
  return app;
}
