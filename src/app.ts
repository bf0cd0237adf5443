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
import { watchDependencies } from './http/dependencies.ts';
import { Exchanges } from './http/exchange.ts';
import { addGate } from './http/gate.ts';
import { handleLargeAnswers } from './http/large-answers.ts';
import { withMissingMethods } from './http/method-not-allowed.ts';
import { handleError, handleNotFound } from './http/problems.ts';
import { type Readiness, watchReadiness } from './http/readiness.ts';
import { serverOptions } from './http/server-options.ts';
import { UnreadBodies } from './http/unread.ts';
import { InProcess } from './jobs/in-process.ts';
import { Jobs } from './jobs/jobs.ts';
import { PoolRunner } from './jobs/pool-runner.ts';
import type { JobRecord } from './jobs/records.ts';
import type { EngineChoice } from './linalg/engines.ts';
import { fingerprintOf } from './linalg/fingerprint.ts';
import { countJobs } from './observability/job-metrics.ts';
import { silent } from './observability/logger.ts';
import { collectMetrics, type Measured, type Metrics } from './observability/metrics.ts';
import { logRequests } from './observability/request-log.ts';
import type { Operation, Registry } from './operations/operation.ts';
import { engineOf } from './pool/configured-engine.ts';
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
import { isRemote, PROBE } from './store/open.ts';
import { openCatalog } from './store/opening.ts';
import type { Store } from './store/store.ts';

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
  const jobsMade = Promise.withResolvers<Jobs>();
  const { catalog, store, close } = openCatalog(config, log, {
    otherBytes: async (owner) => (await jobsMade.promise).bytesOf(owner),
    pins: async () => (await jobsMade.promise).pins(),
    sweep: async () => (await jobsMade.promise).sweep(),
  });
  const pool = startPool({ choice, ...engine }, { module: module.href, operations }, config, log, catalog);
  const counts = countJobs();
  const runner = new PoolRunner(pool, catalog, fingerprintOf(choice));
  const onEnd = async ({ owner, plan }: JobRecord) => plan.content && catalog.release(owner, plan.content);
  try {
    const queue = await queueOf(config, runner.fingerprint, store, log);
    const jobs = new Jobs({
      store,
      runner,
      scheduler: queue ?? new InProcess({ store, runner, onEnd, onPart: counts.part, log }),
      limits: config,
      reserve: (owner, bytes) => catalog.reserve(owner, bytes),
      onEnd,
      log,
    });
    jobsMade.resolve(jobs);
    const dependencies = watchDependencies({
      ...(isRemote(config.STORE) && { store: async () => (await store()).read(PROBE) }),
      ...(queue && { queue: () => queue.check() }),
    });
    const closeStore = async () => {
      await jobs.close();
      await close();
    };
    log.info({ ...choice, threads: pool.threads.length }, `engine: ${choice.name}`);
    const measured = { counts, dependencies, ...(queue && { queue: () => queue.state() }) };
    return await assemble({ config, log, pool, catalog, jobs, measured, closeStore, operations, engine: choice });
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** The queue of a configuration that has one. BullMQ is loaded for it only. */
async function queueOf({ REDIS_URL: url }: Config, fingerprint: string, store: () => Promise<Store>, log: FastifyBaseLogger) {
  return url ? (await import('./jobs/queue/scheduler.ts')).openQueue({ url, fingerprint, store, log }) : undefined;
}

/** How soon the jobs that were interrupted are read again, if they could not be. */
const RESUME_MS = 10_000;

interface Parts {
  readonly config: Config;
  readonly log: FastifyBaseLogger;
  readonly pool: Pool;
  readonly catalog: Catalog;
  readonly jobs: Jobs;
  readonly measured: Pick<Measured, 'counts' | 'dependencies' | 'queue'>;
  readonly closeStore: () => Promise<void>;
  readonly operations: readonly Operation[];
  readonly engine: EngineChoice;
}

async function assemble(parts: Parts): Promise<FastifyInstance> {
  const { config, log, pool, operations, engine, closeStore, jobs, measured } = parts;
  const readiness = watchReadiness(pool, (unusedMs) => {
    exchanges.unusedMs = unusedMs;
    exchanges.closeConnections();
  });
  const ready = () => readiness.state === 'ready';
  const metrics = collectMetrics({
    operations,
    engine,
    pool,
    jobs,
    ...measured,
    ready,
    connections: () => countConnections(app),
  });
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
  const exchanges = new Exchanges(app, [logRequests(log, config), metrics.observe, traces?.observe]);
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
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onListen', async () => {
    const resume = () =>
      jobs.resume().catch((error) => {
        log.error(error, 'the jobs that were interrupted could not be read');
        // The store may be away.
        timer = setTimeout(resume, RESUME_MS).unref();
      });
    void resume();
  });
  app.addHook('onClose', async () => clearTimeout(timer));
  await app.ready();
  return app;
}

async function addRoutes(app: FastifyInstance, parts: Parts, readiness: Readiness, metrics: Metrics): Promise<void> {
  const { config, pool, catalog, jobs, operations, engine, measured } = parts;
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
    healthRoutes(scope, engine, readiness, measured.dependencies);
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
