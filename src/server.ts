// The process: environment, listening, signals. The only reader of the configuration in process.env.
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { closeWithin } from './http/connections.ts';
import { warnOfStrangers } from './http/gate.ts';
import { createLogger } from './observability/logger.ts';

/** How much longer than SHUTDOWN_MS the process may take to end, in milliseconds, before it is ended. */
const MARGIN = 5_000;

/** How long it takes to end once the requests in flight have been cut off, in milliseconds: a part of SHUTDOWN_MS. */
const CUT_OFF = 500;

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
    if (err) {
      // Nothing is known of the state that the process is in: it answers nobody any longer.
      logger.fatal(err);
      process.exit(1);
    }
    const app = await built;
    app.readiness.drain();
    // Whoever sends requests here is to notice first; somebody at a terminal need not wait for that.
    const drain = signal === 'SIGINT' ? 0 : Math.min(config.DRAIN_MS, config.SHUTDOWN_MS / 2);
    logger.info(`${signal}: no longer ready, and still answering for ${drain} ms`);
    await setTimeout(drain);
    logger.info('finishing the requests in flight');
    await closeWithin(app, Math.max(0, config.SHUTDOWN_MS - drain - CUT_OFF));
  });
  const app = await built;
  warnOfStrangers(config, logger);
  await app.listen({ host: config.HOST, port: config.PORT });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
