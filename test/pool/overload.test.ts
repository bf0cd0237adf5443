// More than the service can do: what has to wait too long is refused, and small requests go on being answered.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { availableParallelism } from 'node:os';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { post, startApp, validRequest } from '../support/app.ts';

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));

/** A request that keeps a thread busy for longer than any test takes. */
const endless = JSON.stringify({
  network: { layers: Array.from({ length: 60 }, () => ({ weights: ones(300, 300) })) },
  batch: { inputs: ones(300, 300), targets: ones(300, 300) },
});

const large = JSON.stringify({
  network: { layers: [{ weights: ones(200, 200) }] },
  batch: { inputs: ones(1, 200), targets: ones(1, 200) },
});

/** Sends endless requests on connections of their own; the function that it returns ends them. */
async function occupy(t: Test, app: FastifyInstance, n: number): Promise<() => void> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const sockets = Array.from({ length: n }, () => connect((app.server.address() as AddressInfo).port, '127.0.0.1'));
  const release = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(release);
  let arrived = 0;
  const all = new Promise<void>((resolve) => {
    app.server.on('request', (request) => request.on('end', () => ++arrived === n && setImmediate(resolve)));
  });
  for (const socket of sockets) {
    socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n');
    socket.write(`Content-Length: ${endless.length}\r\n\r\n${endless}`);
  }
  await all;
  return release;
}

/** The status of a large request, asked for again as long as it is refused. */
async function statusInTheEnd(app: FastifyInstance): Promise<number> {
  for (let tries = 0; tries < 10_000; tries++) {
    const { statusCode } = await post(app, large);
    if (statusCode !== 503) return statusCode;
    // Injected requests alone leave the event loop no time for sockets.
    await new Promise(setImmediate);
  }
  return 503;
}

const state = async (app: FastifyInstance) => (await app.inject({ url: '/readyz' })).json().status;

t.test('the queue is full: 503 before the body is read, and small requests are answered', async (t) => {
  const app = await startApp(t, { MAX_QUEUE: '1' });
  await app.readiness.started;
  const release = await occupy(t, app, availableParallelism() + 1);
  t.equal(await state(app), 'overloaded');
  const refused = await post(app, large);
  t.equal(refused.statusCode, 503);
  t.match(refused.headers['retry-after'], /^[1-9]\d?$/);
  t.match(refused.json(), { type: '/problems/overloaded', detail: '1 requests wait already, as many as may (MAX_QUEUE)' });
  t.equal((await post(app, validRequest())).statusCode, 200);
  // A small body that asks for much has to wait like a large one, which is known once it has been read.
  const wide = { network: { layers: [{ weights: ones(100, 1) }, { weights: ones(1, 100) }] } };
  t.equal((await post(app, { ...wide, batch: { inputs: ones(100, 1), targets: ones(100, 1) } })).statusCode, 503);

  // Its body has not been asked for: the answer comes to the headers alone.
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n');
  t.match(`${await once(socket, 'data')}`, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  socket.destroy();

  const metrics = (await app.inject({ url: '/metrics' })).body;
  t.match(metrics, /^gradients_queue_depth 1$/m);
  t.match(metrics, /^gradients_queue_limit 1$/m);
  t.match(metrics, new RegExp(`^gradients_threads\\{state="busy"\\} ${availableParallelism()}$`, 'm'));
  t.match(metrics, /^problems_total\{type="overloaded"\} 3$/m);
  t.match(metrics, /^gradients_ready 0$/m);

  // The clients go: their work ends, and others are answered.
  release();
  t.equal(await statusInTheEnd(app), 200);
});

t.test('the memory of all requests is spent: 503, and small requests are answered', async (t) => {
  const app = await startApp(t, { MEMORY_BUDGET: '4000000' });
  await app.readiness.started;
  const release = await occupy(t, app, 1);
  t.equal(await state(app), 'overloaded');
  const refused = await post(app, large);
  t.equal(refused.statusCode, 503);
  t.match(refused.headers['retry-after'], /^[1-9]\d?$/);
  t.match(refused.json(), { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' });
  t.equal((await post(app, validRequest())).statusCode, 200);
  release();
  t.equal(await statusInTheEnd(app), 200);
});

t.test('a body that is being read has its place kept, until its client goes', async (t) => {
  const app = await startApp(t, { MAX_QUEUE: '0' });
  await app.readiness.started;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const arriving = Array.from({ length: availableParallelism() }, () => connect(port, '127.0.0.1'));
  for (const [i, socket] of arriving.entries()) {
    socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n');
    // One says how long it is, the others show it.
    socket.write(
      i === 0 ? 'Content-Length: 100000\r\n\r\n' : `Transfer-Encoding: chunked\r\n\r\n186a0\r\n${' '.repeat(100_000)}`,
    );
  }
  while ((await state(app)) !== 'overloaded') await new Promise(setImmediate);
  t.equal((await post(app, large)).statusCode, 503);
  t.equal((await post(app, validRequest())).statusCode, 200);
  for (const socket of arriving) socket.destroy();
  t.equal(await statusInTheEnd(app), 200);
});
