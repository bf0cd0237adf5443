// A worker: takes the steps of jobs from the queue, and computes them in a pool of threads over the same store as the service.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../../schemas/config.ts';
import { watchDependencies } from '../../http/dependencies.ts';
import { explained } from '../../http/listen.ts';
import { fingerprintOf } from '../../linalg/fingerprint.ts';
import { countJobs } from '../../observability/job-metrics.ts';
import { collectMetrics } from '../../observability/metrics.ts';
import type { Registry } from '../../operations/operation.ts';
import { engineOf } from '../../pool/configured-engine.ts';
import { startPool } from '../../pool/pool.ts';
import { Datasets } from '../../store/datasets.ts';
import { isRemote, openStore, PROBE } from '../../store/open.ts';
import { PatientStore } from '../../store/patient.ts';
import { Places } from '../../store/places.ts';
import { PoolRunner } from '../pool-runner.ts';
import { Records } from '../records.ts';
import { checkPolicy, connectPatiently, openRedis } from './connection.ts';
import { JobQueue } from './job-queue.ts';
import { serveProbes } from './probes.ts';
import { Requests } from './requests.ts';
import { Steps } from './steps.ts';
import { startLoop } from './worker-loop.ts';

/** The part of MEMORY_BUDGET that requests may take which are kept for the next part. */
const KEPT_PART = 1 / 8;

export interface RunningWorker {
  readonly server: Server;
  /** Takes no more steps, and ends those in hand; after `graceMs` they are given back. */
  close(graceMs: number): Promise<void>;
}

/** Starts a worker, whose probes listen on HOST:PORT. @throws Error with a one-line message. */
export async function startWorker(config: Config, url: string, log: FastifyBaseLogger, module: URL): Promise<RunningWorker> {
  const { operations } = (await import(module.href)) as Registry;
  const { choice, engine } = engineOf(config);
  const fingerprint = fingerprintOf(choice);
  const quick = await openRedis(url, log, 'the worker waits for it');
  const patient = connectPatiently(url);
  patient.on('error', () => {});
  const disconnect = () => {
    quick.disconnect();
    patient.disconnect();
  };
  const counts = countJobs();
  const closing = new AbortController();
  const remote = await openStore(config.STORE);
  const store = new PatientStore(remote, {
    signal: closing.signal,
    onBytes: counts.bytes,
    onWait(error) {
      counts.retry('store');
      log.warn(error, 'the store is away');
    },
  });
  const records = new Records(store);
  const catalog = new Datasets({
    store: async () => store,
    places: new Places(config.DATA_ALLOW),
    limits: config,
    pins: () => records.pins(),
  });
  const pool = startPool({ choice, engine }, { module: module.href, operations }, config, log, catalog, true);
  const queue = new JobQueue(patient, fingerprint);
  const state = new JobQueue(quick, fingerprint);
  const steps = new Steps({
    records,
    requests: new Requests(records, config.MEMORY_BUDGET * KEPT_PART),
    runner: new PoolRunner(pool, catalog, fingerprint),
    queue,
    log,
    onPart: counts.part,
    onRetry: counts.retry,
    onEnd: async ({ owner, plan }) => plan.content && catalog.release(owner, plan.content),
  });
  const dependencies = watchDependencies({
    queue: () => checkPolicy(quick),
    ...(isRemote(config.STORE) && { store: () => remote.read(PROBE) }),
  });
  const missing = () => dependencies.missing();
  const metrics = collectMetrics({
    operations,
    engine: choice,
    pool,
    jobs: { counts: { queued: 0, running: 0 } },
    counts,
    dependencies,
    queue: () => state.state().catch(() => undefined),
    ready: () => true,
    connections: async () => 0,
  });
  await pool.ready;
  // While parts are computed, the rows of the next one are read.
  const concurrency = pool.threads.length + 1;
  const loop = startLoop({ redis: patient, queue, steps, concurrency, log, onStalled: counts.retry.bind(counts, 'stalled') });
  const server = serveProbes({ missing, metrics }).listen(config.PORT, config.HOST);
  await once(server, 'listening').catch((error) => {
    throw explained(error, config);
  });
  log.info({ ...choice, fingerprint, concurrency }, `worker of the queue ${queue.name}`);
  return {
    server,
    async close(graceMs) {
      const patience = setTimeout(() => closing.abort(new Error('the worker ends')), graceMs);
      await loop.close(graceMs);
      clearTimeout(patience);
      closing.abort(new Error('the worker ends'));
      server.close();
      // Its commands would wait for it.
      if (patient.status !== 'ready') patient.disconnect();
      await Promise.all([pool.close(), queue.close(), state.close(), catalog.close()]);
      disconnect();
    },
  };
}
