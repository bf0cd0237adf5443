// The entry point of a worker: environment, signals. It computes the parts of jobs that the service puts into the queue (REDIS_URL).
import type { AddressInfo } from 'node:net';
import { format } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { readConfig, readEnvFile } from './config.ts';
import { startWorker } from './jobs/queue/worker.ts';
import { GIVE_BACK_MS } from './jobs/queue/worker-loop.ts';
import { returnFreedMemory } from './memory/malloc.ts';
import { createLogger } from './observability/logger.ts';

/** The module that exports the `operations`; every thread imports it too. */
const REGISTRY = new URL('operations/registry.ts', import.meta.url);

/** The process is killed if it takes this much longer than SHUTDOWN_MS to shut down. */
const MARGIN_MS = 5_000;

// As in server.ts.
setFlagsFromString('--external-memory-accounted-in-global-limit');
returnFreedMemory();

try {
  readEnvFile();
  const config = readConfig(process.env);
  const { REDIS_URL, SHUTDOWN_MS } = config;
  if (!REDIS_URL) throw new Error('REDIS_URL: a worker needs the queue of the service, such as redis://localhost:6379');
  const logger = createLogger(config.LOG_LEVEL, process.stdout);
  const started = startWorker(config, REDIS_URL, logger, REGISTRY);
  closeWithGrace({ delay: SHUTDOWN_MS + MARGIN_MS, logger, skip: ['beforeExit'] }, async ({ signal, err }) => {
    if (err) {
      logger.fatal(err);
      process.exit(1);
    }
    logger.info(`${signal}: takes no more steps of jobs`);
    await (await started).close(Math.max(0, SHUTDOWN_MS - GIVE_BACK_MS));
  });
  const { server } = await started;
  const { address, port } = server.address() as AddressInfo;
  logger.info(`Server listening at ${format({ protocol: 'http', hostname: address, port })}`);
} catch (error) {
  process.stderr.write(`${(error as Error).message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  // Threads and connections would keep it alive.
  process.exit(1);
}
