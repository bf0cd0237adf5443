// The process: environment, listening, signals. The only reader of process.env.
import { existsSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { createLogger } from './logger.ts';

/** How long requests in flight may take to finish after SIGTERM, in milliseconds. */
const GRACE = 25_000;

try {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL, process.stdout);
  const app = await buildApp(config, logger);
  await app.listen({ host: config.HOST, port: config.PORT });
  closeWithGrace({ delay: GRACE, logger }, async ({ signal, err }) => {
    if (err) logger.fatal(err);
    else logger.info(`${signal}: finishing the requests in flight`);
    await app.close();
  });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
