// Overload: requests that would have to wait too long are refused, and small requests are still answered.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { availableParallelism } from 'node:os';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { post, startOwnApp, validRequest } from '../support/app.ts';
import { demanding, endless, large as largeRequest } from './tasks.ts';

/** The client of each request is that in X-Forwarded-For. */
const TRUSTING = { TRUST_PROXY: '127.0.0.1' };
const from = (client: number) => ({ 'x-forwarded-for': `10.1.0.${client}` });

const large = JSON.stringify(largeRequest);

/** Sends endless requests of different clients over separate connections; returns a function that ends them. */
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
  for (const [i, socket] of sockets.entries()) {
    socket.write(`POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-Forwarded-For: 10.1.0.${i}\r\n`);
    socket.write(`Content-Length: ${endless.length}\r\n\r\n${endless}`);
  }
  await all;
  return release;
}

/** The final status of a large request, which is repeated while it is refused. */
async function statusInTheEnd(app: FastifyInstance): Promise<number> {
  for (let tries = 0; tries < 10_000; tries++) {
    const { statusCode } = await post(app, large);
    if (statusCode !== 503) return statusCode;
    // Lets the event loop handle sockets, which injected requests alone would not.
    await new Promise(setImmediate);
  }
  return 503;
}

const state = async (app: FastifyInstance) => (await app.inject({ url: '/readyz' })).json().status;

/** The memory of the requests in flight, in bytes. */
async function memory(app: FastifyInstance): Promise<number> {
  const { body } = await app.inject({ url: '/metrics' });
  return Number(/^gradients_memory_budget_used_bytes (\d+)$/m.exec(body)?.[1]);
}

t.test('full queue: 503 before the body is read, and small requests are answered', async (t) => {
  const app = await startOwnApp(t, { MAX_QUEUE: '1', ...TRUSTING });
  await app.readiness.started;
  const places = availableParallelism() + 1;
  const release = await occupy(t, app, places);
  t.equal(await state(app), 'overloaded');
  const refused = await post(app, large);
  t.equal(refused.statusCode, 503);
  t.match(refused.headers['retry-after'], /^[1-9]\d?$/);
  const detail = `large requests in flight: ${places}, as many as there may be (MAX_QUEUE + threads)`;
  t.match(refused.json(), { type: '/problems/overloaded', detail });
  t.equal((await post(app, validRequest())).statusCode, 200);
  // An expensive request with a small body has to wait, too; that is known only after reading it.
  t.equal((await post(app, demanding)).statusCode, 503);

  // Its body is not requested: only the headers have been answered.
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

  // The clients disconnect: their work ends, and others are answered.
  release();
  t.equal(await statusInTheEnd(app), 200);
});

t.test('used up memory: 503, and small requests are answered', async (t) => {
  const app = await startOwnApp(t, { MEMORY_BUDGET: '4000000', ...TRUSTING });
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

/** Sends the head of a large request, with the given headers and beginning of the body. */
function begin(t: Test, port: number, client: number, rest: string) {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const forwarded = `X-Forwarded-For: 10.1.0.${client}`;
  socket.write(`POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${forwarded}\r\n${rest}`);
  return socket;
}

const ARRIVING = `Transfer-Encoding: chunked\r\n\r\n186a0\r\n${' '.repeat(100_000)}`;

t.test('a body that is being read keeps its place until its client disconnects', async (t) => {
  const app = await startOwnApp(t, { MAX_QUEUE: '0', ...TRUSTING });
  await app.readiness.started;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const arriving = Array.from({ length: availableParallelism() }, (_, i) => begin(t, port, i, ARRIVING));
  while ((await state(app)) !== 'overloaded') await new Promise(setImmediate);
  t.equal((await post(app, large)).statusCode, 503);
  t.equal((await post(app, validRequest())).statusCode, 200);
  for (const socket of arriving) socket.destroy();
  t.equal(await statusInTheEnd(app), 200);
});

t.test('announced bodies take no places', async (t) => {
  const app = await startOwnApp(t, { MAX_QUEUE: '0' });
  await app.readiness.started;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  let announced = 0;
  const all = new Promise<void>((resolve) => {
    app.server.on('request', () => ++announced === 30 && setImmediate(resolve));
  });
  for (let i = 0; i < 30; i++) begin(t, port, i, 'Content-Length: 70000\r\n\r\n');
  await all;
  t.equal(await state(app), 'ready');
  t.equal((await post(app, large)).statusCode, 200);
});

t.test('one client gets half of the places', async (t) => {
  const app = await startOwnApp(t, { MAX_QUEUE: `${availableParallelism()}`, ...TRUSTING });
  await app.readiness.started;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const share = availableParallelism();
  for (let i = 0; i < share; i++) begin(t, port, 7, ARRIVING);
  while ((await memory(app)) < share * 100_000) await new Promise(setImmediate);
  const refused = await post(app, large, from(7));
  const detail = `large requests of this client in flight: ${share}, as many as one client may have (half of MAX_QUEUE + threads)`;
  t.match(refused.json(), { status: 503, type: '/problems/overloaded', detail });
  t.equal(await state(app), 'ready');
  t.equal((await post(app, large, from(8))).statusCode, 200);
});
