// Traces, as an OpenTelemetry collector receives them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { answerPhases } from '../../src/operations/report.ts';
import { ENGINE, post, validRequest } from '../support/app.ts';

/** A collector: its endpoint, and the bytes it has received. Strings and ids appear in protobuf unchanged. */
async function startCollector(t: Test) {
  const received: { url: string | undefined; type: string | undefined; body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    received.push({ url: request.url, type: request.headers['content-type'], body: await buffer(request) });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

t.test('a span for the request and one for each phase, in the trace of its traceparent', async (t) => {
  const { endpoint, received } = await startCollector(t);
  const app = await buildApp(readConfig({ ENGINE, OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` }));
  const traceparent = (flags: string) => ({ traceparent: `00-${TRACE}-${PARENT}-${flags}` });
  await post(app, validRequest(), { 'x-request-id': 'traced', ...traceparent('01') });
  await post(app, validRequest(), { 'x-request-id': 'not-sampled', ...traceparent('00') });
  await post(app, '{', { 'x-request-id': 'refused' });
  await app.inject({ url: '/nothing?secret' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
  const [, response] = await once(app.server, 'request');
  const closed = once(response, 'close');
  socket.resetAndDestroy();
  await closed;
  await app.close();
  t.equal(received.length, 1, 'what had not been sent is sent at the end');
  const [{ url, type, body }] = received;
  t.strictSame([url, type], ['/v1/traces', 'application/x-protobuf']);
  const has = (part: string | Buffer) => body.includes(part);
  for (const name of [
    'gradient-service',
    'POST /gradients',
    'http.response.status_code',
    'gradients.samples',
    'traced',
    ...answerPhases,
  ])
    t.ok(has(name), name);
  for (const name of ['refused', 'malformed-body', '/nothing', 'cut-off']) t.ok(has(name), name);
  const [trace, parent] = [Buffer.from(TRACE, 'hex'), Buffer.from(PARENT, 'hex')];
  t.ok(has(trace) && has(parent));
  // The span of the request, one per answer phase, and those of receive and send.
  t.equal(body.toString('latin1').split(trace.toString('latin1')).length - 1, 1 + answerPhases.length + 2);
  t.notOk(has('not-sampled'), "the sender's decision holds");
  t.notOk(has('secret'));
});

t.test('an unreachable collector delays nothing, and is logged', async (t) => {
  const lines: string[] = [];
  const output = new PassThrough().on('data', (line) => lines.push(JSON.parse(`${line}`).msg));
  const config = readConfig({ ENGINE, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  const app = await buildApp(config, createLogger('warn', output));
  t.equal((await post(app, validRequest())).statusCode, 200);
  await app.close();
  t.match(lines.at(-1), /^traces cannot be sent to http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
});
