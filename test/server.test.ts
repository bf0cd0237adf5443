// The server as a process: start, answers, SIGTERM, and errors.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { examples } from '../schemas/examples.ts';
import { validRequest } from './support/app.ts';
import { program, type Service, startService } from './support/process.ts';

/** Starts a server on a free port; it is ended with the test. */
async function startServer(t: Test, environment: Record<string, string> = {}, options: string[] = []): Promise<Service> {
  const server = await startService({ environment, options });
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
    t.ok((level as number) >= 50);
    t.match(err, { message: 'the cause' });
    t.equal(await server.exit, 1);
  }
});

t.test('errors on start are reported in one clear line', async (t) => {
  const running = await startServer(t);
  const stopped: [environment: Record<string, string>, line: RegExp][] = [
    [
      { PORT: '80a', BODY_LIMIT: '0' },
      /^wrong environment: PORT: expected an integer, got "80a"; BODY_LIMIT: expected at least 1, got 0\n$/,
    ],
    [{ ENGINE: 'openblas', BLAS_LIBRARY: 'no-such-library.so' }, /^no BLAS: no-such-library\.so: .*\n$/],
    [{ PORT: running.url.port }, new RegExp(`^listen EADDRINUSE: address already in use 127\\.0\\.0\\.1:${running.url.port}\n$`)],
  ];
  for (const [environment, line] of stopped) {
    const child = spawn(process.execPath, [program], { env: { ...process.env, ...environment } });
    t.match(await text(child.stderr), line);
    t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 1);
  }
});

t.test('a file .env is read; the environment has priority over it', async (t) => {
  const cwd = t.testdir({ '.env': 'PORT=80a\nLOG_LEVEL=loud\n' });
  const child = spawn(process.execPath, [program], { cwd, env: { ...process.env, LOG_LEVEL: 'info' } });
  t.equal(await text(child.stderr), 'wrong environment: PORT: expected an integer, got "80a"\n');
});
