// The process: environment, listening, signals. The only reader of the configuration in process.env.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { closeWithin } from './connections.ts';
import { createLogger } from './logger.ts';

/** How much longer than SHUTDOWN_MS the process may take to end, in milliseconds, before it is ended. */
const MARGIN = 5_000;

// By default V8 goes through the whole heap whenever 64 MiB of buffers have come since the last time, which a few large bodies are;
// with this, when the heap with all its buffers has grown by a part.
setFlagsFromString('--external-memory-accounted-in-global-limit');

try {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL, process.stdout);
  const built = buildApp(config, logger);
  // The end of a start that failed is no reason to exit with 0.
  closeWithGrace({ delay: config.SHUTDOWN_MS + MARGIN, logger, skip: ['beforeExit'] }, async ({ signal, err }) => {
    if (err) logger.fatal(err);
    else logger.info(`${signal}: finishing the requests in flight`);
    await closeWithin(await built, config.SHUTDOWN_MS);
  });
  const app = await built;
  await app.listen({ host: config.HOST, port: config.PORT });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
