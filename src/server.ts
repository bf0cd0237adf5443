// The entry point of the process: environment, listening, signals. Only this file reads the configuration.
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { readConfig, readEnvFile, settingsText } from './config.ts';
import { closeWithin } from './http/connections.ts';
import { warnOfStrangers } from './http/gate.ts';
import { listen } from './http/listen.ts';
import { openableConnections } from './http/open-files.ts';
import { returnFreedMemory } from './memory/malloc.ts';
import { createLogger } from './observability/logger.ts';

/** The process is killed if it takes this much longer than SHUTDOWN_MS to shut down. */
const MARGIN_MS = 5_000;

/** The part of SHUTDOWN_MS reserved for ending after the requests in flight have been cut off. */
const CUT_OFF_MS = 500;

// V8 would run a full garbage collection per 64 MiB of external memory. This flag makes that relative to the size of the heap.
setFlagsFromString('--external-memory-accounted-in-global-limit');
returnFreedMemory();

try {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) {
    process.stdout.write(settingsText());
    process.exit();
  }
  const openable = openableConnections(availableParallelism());
  readEnvFile();
  const given = readConfig(process.env);
  const config = { ...given, MAX_CONNECTIONS: Math.min(given.MAX_CONNECTIONS, openable) };
  const logger = createLogger(config.LOG_LEVEL, process.stdout);
  if (config.MAX_CONNECTIONS < given.MAX_CONNECTIONS)
    logger.warn(`MAX_CONNECTIONS is ${config.MAX_CONNECTIONS}: the limit of open files (ulimit -n) allows no more`);
  const built = buildApp(config, logger);
  // Skips beforeExit: after a failed start it would make the process exit with 0.
  closeWithGrace({ delay: config.SHUTDOWN_MS + MARGIN_MS, logger, skip: ['beforeExit'] }, async ({ signal, err }) => {
    if (err) {
      // After an uncaught error the state of the process is unknown: exit at once.
      logger.fatal(err);
      process.exit(1);
    }
    const app = await built;
    // At Ctrl+C, connections that have not sent a request yet are not waited for: browsers open some in advance.
    app.readiness.drain(signal === 'SIGINT' ? 0 : config.HEADERS_TIMEOUT_MS);
    // Balancers need time to notice that the service is not ready; a developer who presses Ctrl+C need not wait.
    const drain = signal === 'SIGINT' ? 0 : Math.min(config.DRAIN_MS, config.SHUTDOWN_MS / 2);
    logger.info(`${signal}: no longer ready, but still answering for ${drain} ms`);
    await setTimeout(drain);
    logger.info('finishing the requests in flight');
    await closeWithin(app, Math.max(0, config.SHUTDOWN_MS - drain - CUT_OFF_MS));
  });
  const app = await built;
  warnOfStrangers(config, logger);
  await listen(app, config);
} catch (error) {
  process.stderr.write(`${(error as Error).message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  process.exitCode = 1;
}
