// The server as a process: start, answers, SIGTERM, and uncaught errors.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { examples } from '../schemas/examples.ts';
import { validRequest } from './support/app.ts';
import { type Service, startService } from './support/process.ts';

/** Starts a server on a free port; it is ended with the test. */
async function startServer(t: Test, environment: Record<string, string> = {}, options: string[] = []): Promise<Service> {
  const server = await startService({ environment, options, measured: true });
  t.teardown(() => server.process.kill('SIGKILL'));
  return server;
}

const headers = { 'content-type': 'application/json' };

t.test('start, answer, SIGTERM', async (t) => {
  const server = await startServer(t);
  t.equal(server.url.hostname, '127.0.0.1');
  const { request, answer } = examples.article;
  const response = await fetch(new URL('/gradients', server.url), { method: 'POST', headers, body: JSON.stringify(request) });
  t.equal(response.status, 200);
  t.strictSame(await response.json(), answer);
  t.equal((await server.logged('request completed')).reqId, response.headers.get('x-request-id'));
  server.process.kill('SIGTERM');
  t.equal(await server.exit, 0);
});

/** Opens a connection and begins a request: sends its head, and the first `sent` bytes of its body. */
async function begin(server: Service, body: string, sent: number): Promise<Socket> {
  const socket = connect(Number(server.url.port), server.url.hostname);
  socket.write(`POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body.slice(0, sent));
  await server.logged('incoming request');
  return socket;
}

t.test('SIGTERM finishes the requests in flight', async (t) => {
  const server = await startServer(t, { LOG_LEVEL: 'debug', DRAIN_MS: '0' });
  const body = JSON.stringify(validRequest());
  const socket = await begin(server, body, 10);
  const open = connect(Number(server.url.port), server.url.hostname);
  open.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(open, 'readable');
  server.process.kill('SIGTERM');
  await server.logged('finishing the requests in flight');
  // A second request, on a connection that is already open, while the first one delays the end.
  open.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
  const [, last] = (await text(open)).split(/(?=HTTP\/1\.1)/).slice(-2);
  t.match(last, /^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*\{"status":"live"\}$/is);
  socket.write(body.slice(10));
  t.match(await text(socket), /^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n/is);
  t.equal(await server.exit, 0);
});

/** Opens connections that the service has not accepted yet: it is stopped meanwhile. */
async function queueUp(server: Service, count: number): Promise<Socket[]> {
  server.process.kill('SIGSTOP');
  const sockets = Array.from({ length: count }, () => connect(server.port, server.url.hostname));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
/** Some may be answered before the signal is handled; `text` ends when the connection is closed. */
const answered = /^HTTP\/1\.1 200 OK\r\n.*\{"status":"live"\}$/is;
const answeredAndClosed = /^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*\{"status":"live"\}$/is;

t.test('SIGTERM: connections that were waiting to be accepted are answered', async (t) => {
  const server = await startServer(t, { DRAIN_MS: '0' });
  const sockets = await queueUp(server, 100);
  for (const socket of sockets) socket.write(LIVEZ);
  server.process.kill('SIGTERM');
  server.process.kill('SIGCONT');
  for (const socket of sockets) t.match(await text(socket), answered);
  t.equal(await server.exit, 0);
});

t.test('SIGTERM: connections without a request get HEADERS_TIMEOUT_MS for it', async (t) => {
  const hour = '3600000';
  const server = await startServer(t, { DRAIN_MS: '0', HEADERS_TIMEOUT_MS: hour, REQUEST_TIMEOUT_MS: hour, SHUTDOWN_MS: hour });
  const idle = connect(server.port, server.url.hostname);
  idle.write(LIVEZ);
  await once(idle, 'readable');
  const sockets = await queueUp(server, 20);
  server.process.kill('SIGTERM');
  server.process.kill('SIGCONT');
  await server.logged('finishing the requests in flight');
  for (const socket of sockets.slice(2)) {
    socket.write(LIVEZ);
    t.match(await text(socket), answeredAndClosed);
  }
  for (const socket of sockets.slice(0, 2)) socket.destroy();
  t.match(await text(idle), /^HTTP/, 'a used connection is closed when nothing is waited for');
  t.equal(await server.exit, 0);
});

t.test('SIGTERM: a connection that never sends a request is closed after HEADERS_TIMEOUT_MS', async (t) => {
  const server = await startServer(t, { DRAIN_MS: '0', HEADERS_TIMEOUT_MS: '1', SHUTDOWN_MS: '3600000' });
  const sockets = await queueUp(server, 2);
  server.process.kill('SIGTERM');
  server.process.kill('SIGCONT');
  for (const socket of sockets) t.notMatch(await text(socket).catch(({ code }) => code), /^HTTP\/1\.1 200/);
  t.equal(await server.exit, 0);
});

t.test('SIGTERM cuts off a client that stops sending, after SHUTDOWN_MS', async (t) => {
  const server = await startServer(t, { SHUTDOWN_MS: '0', LOG_LEVEL: 'debug' });
  const socket = await begin(server, JSON.stringify(validRequest()), 10);
  server.process.kill('SIGTERM');
  t.equal(await server.exit, 0);
  t.equal(await text(socket).catch(({ code }) => code), '');
});

t.test('SIGTERM waits for an answer that is being sent, but not for idle keep-alive connections', async (t) => {
  const server = await startServer(t);
  const ones = Array.from({ length: 1000 }, () => Array(1000).fill(0.1));
  const request = { network: { layers: [{ weights: ones }] }, batch: { inputs: [ones[0]], targets: [ones[0]] } };
  const body = JSON.stringify(request);
  const socket = connect(Number(server.url.port), server.url.hostname);
  socket.pause();
  socket.write(
    `POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await once(socket, 'readable');
  server.process.kill('SIGTERM');
  await server.logged('finishing the requests in flight');
  const [head, answer] = (await text(socket)).split('\r\n\r\n');
  t.match(head, 'Connection: keep-alive');
  t.equal(JSON.parse(answer).gradients[0].weights.length, 1000);
  t.equal(await server.exit, 0);
});

t.test('after SIGTERM it is not ready, but still answers for DRAIN_MS', async (t) => {
  const server = await startServer(t, { DRAIN_MS: '3600000', SHUTDOWN_MS: '3600000' });
  const get = async (path: string) => {
    const response = await fetch(new URL(path, server.url));
    return { status: response.status, connection: response.headers.get('connection'), body: await response.json() };
  };
  while ((await get('/readyz')).status === 503) await new Promise(setImmediate);
  t.match(await get('/readyz'), { status: 200, connection: 'keep-alive', body: { status: 'ready' } });
  server.process.kill('SIGTERM');
  await server.logged('SIGTERM: no longer ready, but still answering for 1800000 ms');
  t.match(await get('/readyz'), { status: 503, connection: 'close', body: { status: 'draining' } });
  t.match(await get('/livez'), { status: 200 });
  const body = JSON.stringify(validRequest());
  t.equal((await fetch(new URL('/gradients', server.url), { method: 'POST', headers, body })).status, 200);
  // A second signal ends the process at once.
  server.process.kill('SIGTERM');
  t.equal(await server.exit, 1);
});

t.test('SIGINT, as from a terminal, does not wait', async (t) => {
  const server = await startServer(t, { DRAIN_MS: '3600000', SHUTDOWN_MS: '3600000' });
  server.process.kill('SIGINT');
  t.equal(await server.exit, 0);
});

t.test('an uncaught error outside of requests is logged and ends the process at once', async (t) => {
  for (const fault of ["throw new Error('the cause')", "Promise.reject(new Error('the cause'))"]) {
    const hook = `process.once('SIGUSR2', () => { ${fault} })`;
    const server = await startServer(t, { SHUTDOWN_MS: '3600000', LOG_LEVEL: 'debug' }, [
      '--import',
      `data:text/javascript,${hook}`,
    ]);
    await begin(server, JSON.stringify(validRequest()), 10);
    server.process.kill('SIGUSR2');
    const { level, err } = await server.logged('the cause');
    t.match(level, /^(error|fatal)$/);
    t.match(err, { message: 'the cause' });
    t.equal(await server.exit, 1);
  }
});
