// The log: one line per request, without its numbers.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { phases } from '../../src/operations/report.ts';
import { ENGINE, post, validRequest } from '../support/app.ts';

async function withLog(
  t: Test,
  environment: Record<string, string> = {},
): Promise<{ app: FastifyInstance; output: PassThrough; lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = [];
  const output = new PassThrough().on('data', (line) => lines.push(JSON.parse(`${line}`)));
  const app = await buildApp(readConfig({ ENGINE, API_KEYS: 'the-secret-key', ...environment }), createLogger('info', output));
  t.teardown(() => app.close());
  lines.length = 0;
  return { app, output, lines };
}

const key = { authorization: 'Bearer the-secret-key' };

t.test('a successful request', async (t) => {
  const { app, lines } = await withLog(t);
  const request = { ...validRequest(), batch: { inputs: [[123.456, 2]], targets: [[654.321]] } };
  const response = await post(app, request, { 'x-request-id': 'mine', ...key });
  t.equal(lines.length, 1);
  const [{ time, pid, hostname, ms, phases: spent, ...line }] = lines;
  t.strictSame(line, {
    level: 'info',
    reqId: 'mine',
    client: '127.0.0.1',
    agent: 'lightMyRequest',
    method: 'POST',
    path: '/gradients',
    status: 200,
    shapes: { layers: 2, samples: 1, features: 2, units: [2, 1] },
    bytes: { in: JSON.stringify(request).length, out: response.body.length },
    msg: 'request completed',
  });
  t.type(ms, 'number');
  t.strictSame(
    Object.keys(spent as object),
    phases.filter((phase) => phase !== 'queue'),
  );
  t.notMatch(JSON.stringify(lines), /123\.456|654\.321|secret/);
});

t.test('what is logged of a client: its address, its network, or nothing; and the beginning of its User-Agent', async (t) => {
  const expected = { address: '2001:db8:1:2:3::4', network: '2001:db8:1:2::/64', none: undefined };
  for (const [LOG_CLIENT, client] of Object.entries(expected)) {
    const { app, lines } = await withLog(t, { LOG_CLIENT, TRUST_PROXY: '127.0.0.1' });
    await post(app, validRequest(), { ...key, 'x-forwarded-for': '2001:db8:1:2:3::4', 'user-agent': `a/${'1'.repeat(300)}` });
    t.equal(lines[0].client, client, LOG_CLIENT);
    t.equal(lines[0].agent, `a/${'1'.repeat(198)}`);
  }
});

t.test('over a connection: with the length of the answer', async (t) => {
  const { app, output, lines } = await withLog(t);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const headers = { 'content-type': 'application/json', ...key };
  const response = await fetch(`${url}/gradients`, { method: 'POST', headers, body: JSON.stringify(validRequest()) });
  const { length } = await response.text();
  while (!lines.some(({ msg }) => msg === 'request completed')) await once(output, 'data');
  t.match(lines.at(-1), { bytes: { in: JSON.stringify(validRequest()).length, out: length } });
});

t.test('in a thread: with the waiting time', async (t) => {
  const { app, lines } = await withLog(t);
  await post(app, JSON.stringify(validRequest()) + ' '.repeat(100_000), key);
  t.strictSame(Object.keys(lines[0].phases as object), phases);
});

t.test('a refused request, and paths without their query strings', async (t) => {
  const { app, lines } = await withLog(t);
  await post(app, '{', key);
  await post(app, validRequest());
  await app.inject({ url: '/nothing?key=the-secret-key' });
  await app.inject({ url: '/%zz?key=the-secret-key' });
  t.match(lines, [
    { path: '/gradients', status: 400, problem: 'malformed-body', bytes: { in: 1 } },
    { path: '/gradients', status: 401, problem: 'unauthorized' },
    { path: '/nothing', status: 404, problem: 'not-found' },
    { path: '/%zz', status: 404, problem: 'not-found' },
  ]);
  t.notMatch(JSON.stringify(lines), /secret/);
});

t.test('a deep network is not listed completely', async (t) => {
  const { app, lines } = await withLog(t);
  const layers = Array.from({ length: 100 }, () => ({ weights: [[1]] }));
  await post(app, { network: { layers }, batch: { inputs: [[1]], targets: [[1]] } }, key);
  t.strictSame(lines[0].shapes, { layers: 100, samples: 1, features: 1, units: Array(16).fill(1) });
});

t.test('requests of orchestrators are not logged', async (t) => {
  const { app, lines } = await withLog(t);
  for (const url of ['/livez', '/readyz', '/metrics']) await app.inject({ url, headers: key });
  t.strictSame(lines, []);
});

t.test('a client that disconnects, and malformed requests', async (t) => {
  const { app, output, lines } = await withLog(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  lines.length = 0;
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer the-secret-key\r\n');
  socket.write('Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
  await once(app.server, 'request');
  socket.resetAndDestroy();
  while (!lines.some(({ msg }) => msg === 'request cut off')) await once(output, 'data');
  t.match(
    lines.find(({ msg }) => msg === 'request cut off'),
    { path: '/gradients', cutOff: true },
  );
  connect(port, '127.0.0.1')
    .on('error', () => {})
    .end('GET\r\n\r\n');
  while (!lines.some(({ problem }) => problem === 'malformed-request')) await once(output, 'data');
  t.match(lines.at(-1), { problem: 'malformed-request', msg: 'malformed HTTP' });
});
