// Assembles the application. This is the only call of Fastify(), also for tests.
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Config } from '../schemas/config.ts';
import {
  answerParserErrors,
  answerUnusualRequests,
  countConnections,
  cutOffFloods,
  cutOffLateRequests,
  finishAnswersOnClose,
  openConnections,
} from './http/connections.ts';
import { Exchanges } from './http/exchange.ts';
import { addGate } from './http/gate.ts';
import { handleLargeAnswers } from './http/large-answers.ts';
import { withMissingMethods } from './http/method-not-allowed.ts';
import { handleError, handleNotFound } from './http/problems.ts';
import { type Readiness, watchReadiness } from './http/readiness.ts';
import { serverOptions } from './http/server-options.ts';
import { UnreadBodies } from './http/unread.ts';
import { Jobs } from './jobs/jobs.ts';
import { PoolRunner } from './jobs/pool-runner.ts';
import { type ChosenEngine, chooseEngine, type EngineChoice } from './linalg/engines.ts';
import { silent } from './observability/logger.ts';
import { collectMetrics, countParts, type Metrics, type PartCounts } from './observability/metrics.ts';
import { logRequests } from './observability/request-log.ts';
import type { Operation, Registry } from './operations/operation.ts';
import { type Pool, startPool } from './pool/pool.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { describeRoutes, docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { homeRoutes } from './routes/home.ts';
import { jobRoutes } from './routes/jobs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { mistakesRoutes } from './routes/mistakes.ts';
import { operationRoutes } from './routes/operations.ts';
import { problemsRoutes } from './routes/problems.ts';
import { submissions } from './routes/submissions.ts';
import type { Catalog } from './store/catalog.ts';
import { openCatalog } from './store/opening.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readiness: Readiness;
  }
}

/** The module that exports the `operations` of the service; every thread imports it too. */
const REGISTRY = new URL('operations/registry.ts', import.meta.url);

/** Builds the application, ready for `listen` or `inject`. */
export async function buildApp(
  config: Config,
  log: FastifyBaseLogger = silent,
  module: URL = REGISTRY,
): Promise<FastifyInstance> {
  const { operations } = (await import(module.href)) as Registry;
  const { choice, refused, ...engine } = engineOf(config);
  if (refused) log.warn(refused);
  const { catalog, store, close } = openCatalog(config, log, {
    otherBytes: (owner) => jobs.bytesOf(owner),
    pins: () => jobs.pins(),
    sweep: () => jobs.sweep(),
  });
  const pool = startPool({ choice, ...engine }, { module: module.href, operations }, config, log, catalog);
  const parts = countParts();
  const jobs = new Jobs({
    store,
    runner: new PoolRunner(pool, catalog),
    limits: config,
    reserve: (owner, bytes) => catalog.reserve(owner, bytes),
    onEnd: async ({ owner, plan }) => plan.content && catalog.release(owner, plan.content),
    onPart: parts.count,
    log,
  });
  const closeStore = async () => {
    await jobs.close();
    await close();
  };
  log.info({ ...choice, threads: pool.threads.length }, `engine: ${choice.name}`);
  try {
    return await assemble({ config, log, pool, catalog, jobs, parts, closeStore, operations, engine: choice });
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** @throws Error with a one-line message, if the engine does not work on this machine. */
function engineOf({ ENGINE, BLAS_LIBRARY }: Config): ChosenEngine {
  try {
    return chooseEngine(ENGINE, BLAS_LIBRARY);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`ENGINE, BLAS_LIBRARY: ${message}: install a BLAS and name it, or write ENGINE=auto`);
  }
}

interface Parts {
  readonly config: Config;
  readonly log: FastifyBaseLogger;
  readonly pool: Pool;
  readonly catalog: Catalog;
  readonly jobs: Jobs;
  readonly parts: PartCounts;
  readonly closeStore: () => Promise<void>;
  readonly operations: readonly Operation[];
  readonly engine: EngineChoice;
}

async function assemble(parts: Parts): Promise<FastifyInstance> {
  const { config, log, pool, operations, engine, closeStore, jobs } = parts;
  const readiness = watchReadiness(pool, (unusedMs) => {
    exchanges.unusedMs = unusedMs;
    exchanges.closeConnections();
  });
  const ready = () => readiness.state === 'ready';
  const metrics = collectMetrics({ engine, pool, jobs, parts: parts.parts, ready, connections: () => countConnections(app) });
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  // Imported only if needed: it is a third of all code that the service loads.
  const traces = endpoint ? (await import('./observability/traces.ts')).startTraces(endpoint, log) : undefined;
  const app = Fastify({
    ...serverOptions(config, log),
    clientErrorHandler: answerParserErrors(metrics.count, log),
    frameworkErrors(error, request, reply) {
      // Hooks, which would begin the exchange, do not run for these errors.
      exchanges.begin(request, reply);
      handleError(error, request, reply);
    },
  });
  const exchanges = new Exchanges(app, [logRequests(log), metrics.observe, traces?.observe]);
  app.server.maxConnections = config.MAX_CONNECTIONS;
  app.decorate('readiness', readiness);
  app.decorate('unreadBodies', new UnreadBodies());
  app.addHook('onClose', () => Promise.all([pool.close(), closeStore(), traces?.close()]));
  const open = openConnections(app);
  finishAnswersOnClose(app, exchanges, open);
  cutOffFloods(app, exchanges, open);
  cutOffLateRequests(app, exchanges, config.REQUEST_TIMEOUT_MS);
  answerUnusualRequests(app);
  leaveBodiesAndAnswersAlone(app);
  await addGate(app, { config, exchanges, pool });
  await describeRoutes(app, operations);
  await withMissingMethods(app, () => addRoutes(app, parts, readiness, metrics));
  // Jobs that were interrupted go on; a process that only answers injected requests has none.
  app.addHook('onListen', async () => {
    jobs.resume().catch((error) => log.error(error, 'the jobs that were interrupted could not be read'));
  });
  await app.ready();
  return app;
}

async function addRoutes(app: FastifyInstance, parts: Parts, readiness: Readiness, metrics: Metrics): Promise<void> {
  const { config, pool, catalog, jobs, operations, engine } = parts;
  const submit = submissions(app, jobs, config);
  await operationRoutes(app, operations, {
    pool,
    submit,
    bodyLimit: config.BODY_LIMIT,
    answerTimeoutMs: config.ANSWER_TIMEOUT_MS,
  });
  await jobRoutes(app, jobs, config.ANSWER_TIMEOUT_MS);
  await datasetRoutes(app, catalog, config);
  await app.register(async (scope) => {
    handleLargeAnswers(scope, config.ANSWER_TIMEOUT_MS);
    await docsRoutes(scope);
    homeRoutes(scope);
    healthRoutes(scope, engine, readiness);
    metricsRoutes(scope, metrics);
    problemsRoutes(scope);
    mistakesRoutes(scope);
  });
}

/** Disables Fastify's parsing, validation and serialization, and sets the error handlers: see http/ and wire/. */
function leaveBodiesAndAnswersAlone(app: FastifyInstance): void {
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleNotFound);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  // The schemas of routes are for the documentation. wire/ checks requests by the same schemas.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (document) => JSON.stringify(document));
}
