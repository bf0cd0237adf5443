// HTTP apart from the operations: paths, methods, request ids, malformed HTTP.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { problems } from '../../schemas/problem.ts';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { post, startApp, startOwnApp, validRequest } from '../support/app.ts';

t.test('an unknown path', async (t) => {
  const app = await startApp();
  for (const url of ['/gradient', '/gradients/', '/%zz', '/problems/', '/problems/nothing', `/problems/${'x'.repeat(1000)}`]) {
    const response = await app.inject({ url });
    t.equal(response.statusCode, 404, url);
    t.ok(response.headers['x-request-id'], url);
    t.match(response.json(), { type: '/problems/not-found', title: problems['not-found'].title, status: 404 }, url);
    t.equal(response.headers['content-type'], 'application/problem+json', url);
  }
});

t.test('a method that is not allowed', async (t) => {
  const app = await startApp();
  const allowed = {
    '/gradients': 'POST',
    '/': 'GET, HEAD',
    '/livez': 'GET, HEAD',
    '/openapi.json': 'GET, HEAD',
    '/problems/internal': 'GET, HEAD',
  };
  for (const [url, allow] of Object.entries(allowed)) {
    for (const method of ['DELETE', 'OPTIONS', 'PROPFIND', 'TRACE', ...(allow === 'POST' ? ['GET', 'HEAD'] : ['POST'])]) {
      const response = await app.inject({ method: method as 'GET', url, headers: { 'content-type': 'text/plain' } });
      t.equal(response.statusCode, 405, `${method} ${url}`);
      t.equal(response.headers.allow, allow, `${method} ${url}: Allow`);
      if (method !== 'HEAD')
        t.match(response.json(), { type: '/problems/method-not-allowed', detail: `expected ${allow}, got ${method}` });
    }
  }
});

t.test('live and ready', async (t) => {
  const app = await startOwnApp(t);
  t.strictSame((await app.inject({ url: '/livez' })).json(), { status: 'live' });
  const starting = await app.inject({ url: '/readyz' });
  t.equal(starting.statusCode, 503);
  t.equal(starting.json().status, 'starting');
  await app.readiness.started;
  t.strictSame((await app.inject({ url: '/readyz' })).json().status, 'ready');
});

t.test("request ids: the client's if it fits in a log line, otherwise a new one", async (t) => {
  const app = await startApp();
  const idFor = async (id?: string) =>
    (await app.inject({ url: '/livez', headers: id ? { 'x-request-id': id } : {} })).headers['x-request-id'];
  t.equal(await idFor('trace-1:2.3'), 'trace-1:2.3');
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  t.match(await idFor(), uuid);
  t.match(await idFor('two words'), uuid);
  t.match(await idFor('x'.repeat(129)), uuid);
});

t.test('an internal error: the log has its cause, the answer does not', async (t) => {
  const lines: string[] = [];
  const output = new PassThrough().on('data', (line) => lines.push(`${line}`));
  // A structured clone of a Date, as threads send it, drops properties that were added to it.
  const fault = Object.assign(new Date(2 ** 40), {
    valueOf() {
      throw new Error('the cause');
    },
  });
  const app = await buildApp({ ...readConfig({}), MAX_MEMORY: fault as unknown as number }, createLogger('error', output));
  t.teardown(() => app.close());
  const response = await post(app, validRequest(), { 'x-request-id': 'id-of-the-fault' });
  t.equal(response.statusCode, 500);
  t.strictSame(response.json(), {
    type: '/problems/internal',
    title: problems.internal.title,
    status: 500,
    detail: 'the log has the cause, under the request id id-of-the-fault',
  });
  t.equal(lines.length, 1);
  t.match(JSON.parse(lines[0]), { reqId: 'id-of-the-fault', err: { message: 'the cause', stack: /operations\/limits/ } });
});

t.test('a body shorter than its Content-Length', async (t) => {
  const app = await startApp();
  const response = await post(app, '{}', { 'content-length': '10' });
  const detail = (what: string) => ({ type: '/problems/malformed-body', detail: `as Content-Length says, but ${what}` });
  t.match(response.json(), detail('the body ended before'));
  t.match((await post(app, '{ }   ', { 'content-length': '2' })).json(), detail('there were more'));
});

t.test('on a socket', async (t) => {
  const app = await startApp();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const send = async (bytes: string) => {
    const socket = await open();
    socket.write(bytes);
    return text(socket);
  };

  t.test('malformed HTTP', async (t) => {
    const answer = await send('HELLO\r\n\r\n');
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    t.match(JSON.parse(answer.split('\r\n\r\n')[1]), { type: '/problems/malformed-request', status: 400, detail: 'HPE_INVALID' });
  });

  t.test('HTTP/1.1 without a Host, and HTTP/1.0 without one', async (t) => {
    const answer = await send('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n');
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    t.match(JSON.parse(answer.split('\r\n\r\n')[1]), {
      type: '/problems/malformed-request',
      detail: 'HTTP/1.1 wants one Host header with a host and perhaps a port, got none',
    });
    t.match(await send('GET /livez HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
  });

  t.test('CONNECT, and an unknown expectation', async (t) => {
    t.match(
      await send('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'),
      /^HTTP\/1\.1 400 Bad Request\r\n.*"CONNECT is for proxies"/s,
    );
    t.match(await send('GET /livez HTTP/1.1\r\nHost: a\r\nExpect: foo\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
  });

  t.test('too large headers', async (t) => {
    const answer = await send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
    t.match(JSON.parse(answer.split('\r\n\r\n')[1]), { type: '/problems/headers-too-large' });
  });

  t.test('a request that arrives too slowly', async (t) => {
    const impatient = await startOwnApp(t, { REQUEST_TIMEOUT_MS: '1' });
    await impatient.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((impatient.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    t.match(await text(socket), /^HTTP\/1\.1 408 Request Timeout\r\n.*"type":"\/problems\/request-timeout"/s);
  });

  t.test('a client that disconnects in the middle of its request causes no error', async (t) => {
    const lines: string[] = [];
    const output = new PassThrough().on('data', (line) => lines.push(`${line}`));
    const app = await buildApp(readConfig({}), createLogger('info', output));
    t.teardown(() => app.close());
    await app.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    const gone = once(app.server, 'clientError');
    await once(app.server, 'request');
    socket.resetAndDestroy();
    await gone;
    t.equal((await app.inject({ url: '/livez' })).statusCode, 200);
    t.notOk(
      lines.some((line) => JSON.parse(line).level !== 'info'),
      lines.join(''),
    );
  });

  t.test('a body over the limit: a client that reads only after sending everything still gets its answer', async (t) => {
    const small = await startOwnApp(t, { BODY_LIMIT: '1000' });
    await small.listen({ host: '127.0.0.1', port: 0 });
    const { port } = small.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/gradients`;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: 'x'.repeat(10_000_000) });
    t.equal(response.status, 413);
    t.match(await response.json(), { type: '/problems/body-too-large' });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n');
    t.match(`${await once(socket, 'data')}`, /^HTTP\/1\.1 413 /);
    socket.write('x'.repeat(2000));
    socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    t.match(
      `${await once(socket, 'data')}`,
      /^HTTP\/1\.1 200 /,
      'the connection stays open for the rest of the body, and what follows',
    );
    socket.destroy();
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 100; i++) controller.enqueue(Buffer.alloc(100_000));
        controller.close();
      },
    });
    const chunked = await fetch(url, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit);
    t.equal(chunked.status, 413);
    t.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(validRequest()) })).status, 200);
  });
});

t.test('a body without a Content-Length', async (t) => {
  const app = await startOwnApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/gradients`;
  const right = (await post(app, validRequest())).body;
  const bytes = Buffer.from(`${JSON.stringify(validRequest())}${' '.repeat(300_000)}`);
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 100_000) controller.enqueue(bytes.subarray(at, at + 100_000));
      controller.close();
    },
  });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit);
  t.equal(await response.text(), right);
});
