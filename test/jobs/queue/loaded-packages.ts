// Builds the application, submits a job, and prints the status of the answer and which packages were loaded.
import { registerHooks } from 'node:module';

const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    loaded.add(/node_modules\/([^/]+)/.exec(url)?.[1] ?? 'own');
    return next(url, context);
  },
});
// Imported when the hook is there.
const { buildApp } = await import('../../../src/app.ts');
const { readConfig } = await import('../../../src/config.ts');
const app = await buildApp(readConfig(process.env));
const payload = JSON.stringify({ network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[1]] } });
const headers = { 'content-type': 'application/json', prefer: 'respond-async, wait=20' };
const { statusCode } = await app.inject({ method: 'POST', url: '/gradients', headers, payload });
await app.close();
console.log(JSON.stringify([statusCode, ...['fastify', 'bullmq', 'ioredis'].filter((name) => loaded.has(name))]));
