// Attacks by connections and headers: the service still answers others.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { answersIn } from '../fuzz/client.ts';
import { startOwnApp, validRequest } from '../support/app.ts';
import { goesOn, start } from '../support/attack.ts';
import type { Service } from '../support/process.ts';

const JSON_BODY = JSON.stringify(validRequest());

async function open({ url }: Service): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, 'connect');
  return socket;
}

/** All bytes until the service closes the connection. */
const received = (socket: Socket) => buffer(socket).catch(() => Buffer.alloc(0));

const head = (...lines: string[]) =>
  ['POST /gradients HTTP/1.1', 'Host: a', 'Content-Type: application/json', ...lines, '', ''].join('\r\n');

/** Sends bytes over a new connection, and waits until the service closes it. */
async function send(service: Service, ...parts: (string | Buffer)[]) {
  const socket = await open(service);
  const all = received(socket);
  for (const part of parts) socket.write(part);
  const bytes = await all;
  const answers = answersIn(bytes);
  return answers.map(({ status, body }) => ({ status, type: body.length > 0 ? JSON.parse(`${body}`).type : undefined }));
}

const timeout = { status: 408, type: '/problems/request-timeout' };

t.test('slow clients', async (t) => {
  const service = await start(t, { HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '600', KEEP_ALIVE_MS: '300' });

  t.test('headers that never end: HEADERS_TIMEOUT_MS', async (t) => {
    t.strictSame(await send(service, 'POST /gradients HTTP/1.1\r\nHost: a\r\nX-A: '), [timeout]);
  });

  t.test('headers that arrive byte by byte', async (t) => {
    const socket = await open(service);
    const all = received(socket);
    socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => socket.writable && socket.write('X-A: b\r\n'), 50);
    const answers = answersIn(await all);
    clearInterval(drip);
    // The answer may be lost, since bytes still arrive after it.
    t.ok(answers.length === 0 || answers[0].status === 408, 'closed');
  });

  t.test('a connection without any bytes', async (t) => {
    const answers = await send(service);
    t.ok(answers.length === 0 || answers[0].status === 408, 'closed');
  });

  t.test('a body that never ends: REQUEST_TIMEOUT_MS', async (t) => {
    t.strictSame(await send(service, head('Content-Length: 1000'), '{"network"'), [timeout]);
    t.strictSame(await send(service, head('Transfer-Encoding: chunked'), '5\r\n{"net\r\n'), [timeout]);
  });

  t.test('an idle connection: KEEP_ALIVE_MS', async (t) => {
    t.strictSame(await send(service, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'), [{ status: 200, type: undefined }]);
  });

  t.test('a hundred slow clients at once', async (t) => {
    const slow = Promise.all(Array.from({ length: 100 }, () => send(service, head('Content-Length: 1000'), '{')));
    await goesOn(t, service);
    t.strictSame(await slow, Array(100).fill([timeout]));
  });
  await goesOn(t, service);
});

t.test('a client that never reads its answer: ANSWER_TIMEOUT_MS', async (t) => {
  const app = await startOwnApp(t, { ANSWER_TIMEOUT_MS: '300' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const connected = once(app.server, 'connection');
  const socket = connect(port, '127.0.0.1').pause();
  const [atServer] = await connected;
  const closed = once(atServer, 'close');
  const sample = Array(1000).fill(0.1);
  // More than the socket buffers of both ends hold.
  const body = JSON.stringify({
    network: { layers: [{ weights: Array(1000).fill([0.1]) }] },
    batch: { inputs: Array(1000).fill([0.1]), targets: Array(1000).fill(sample) },
    include: ['per_sample_gradients'],
  });
  socket.write(`${head(`Content-Length: ${body.length}`)}${body}`);
  await closed;
  const answer = await received(socket);
  const length = Number(/content-length: (\d+)/i.exec(answer.toString('latin1', 0, 1000))?.[1] ?? 1e9);
  t.ok(answer.length < length, `${answer.length} of ${length} bytes have come`);
  t.equal((await app.inject({ url: '/livez' })).statusCode, 200);
});

t.test('headers', async (t) => {
  const service = await start(t);
  const tooLarge = { status: 431, type: '/problems/headers-too-large' };
  const lines = (n: number, line: (i: number) => string) => Array.from({ length: n }, (_, i) => line(i));

  t.test('too large, or too many', async (t) => {
    t.strictSame(await send(service, head(`X-A: ${'x'.repeat(20_000)}`)), [tooLarge]);
    t.strictSame(await send(service, head(...lines(5000, (i) => `X-${i}: ${i}`))), [tooLarge]);
    t.strictSame(await send(service, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), [tooLarge]);
  });

  t.test('as many headers as fit: framing headers count, wherever they are', async (t) => {
    const many = head(...lines(2500, () => 'a:b'), `Content-Length: ${JSON_BODY.length}`, 'Connection: close');
    const answers = await send(service, many, JSON_BODY);
    t.equal(answers.length, 1);
    t.ok([200, 400, 431].includes(answers[0].status), `${answers[0].status}`);
  });
  await goesOn(t, service);
});

t.test('request smuggling: a second request in an ambiguous body of the first', async (t) => {
  const service = await start(t);
  const smuggled = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
  const chunked = `0\r\n\r\n${smuggled}`;
  const ambiguous: Record<string, [head: string, body: string]> = {
    'both lengths': [head('Content-Length: 5', 'Transfer-Encoding: chunked'), chunked],
    'both lengths, the other way round': [head('Transfer-Encoding: chunked', 'Content-Length: 5'), chunked],
    'two Content-Lengths': [head('Content-Length: 2', `Content-Length: ${2 + smuggled.length}`), `{}${smuggled}`],
    'two Content-Lengths that are equal': [head('Content-Length: 2', 'Content-Length: 2'), `{}${smuggled}`],
    'two Content-Lengths in one': [head('Content-Length: 2, 2'), `{}${smuggled}`],
    'a Content-Length with a sign': [head('Content-Length: +2'), `{}${smuggled}`],
    'a Content-Length below 0': [head('Content-Length: -2'), `{}${smuggled}`],
    'a Content-Length in hexadecimal': [head('Content-Length: 0x2'), `{}${smuggled}`],
    'a Content-Length beyond 64 bits': [head('Content-Length: 18446744073709551618'), `{}${smuggled}`],
    'a space before the colon': [head('Content-Length : 2'), `{}${smuggled}`],
    'a header on two lines': [head('X-A: b', ' c', 'Content-Length: 2'), `{}${smuggled}`],
    'a Transfer-Encoding that nobody knows': [head('Transfer-Encoding: xchunked'), chunked],
    'chunked, but not as the last one': [head('Transfer-Encoding: chunked, identity'), chunked],
    'two Transfer-Encodings': [head('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'), chunked],
    'a chunk of a wrong length': [head('Transfer-Encoding: chunked'), `xyz\r\n{}\r\n${chunked}`],
    'a chunk whose length overflows': [head('Transfer-Encoding: chunked'), `fffffffffffffffff\r\n{}\r\n${chunked}`],
    'a chunk with no end': [head('Transfer-Encoding: chunked'), `2\r\n{}XX${chunked}`],
    'lines that end with LF': [head('Content-Length: 2').replaceAll('\r\n', '\n'), `{}${smuggled}`],
    'a NUL in a header': [head('X-A: \0', 'Content-Length: 2'), `{}${smuggled}`],
    'a line with no colon': [head('Content-Length', 'Content-Length: 2'), `{}${smuggled}`],
  };
  for (const [name, [start, body]] of Object.entries(ambiguous)) {
    t.strictSame(await send(service, start, body), [{ status: 400, type: '/problems/malformed-request' }], name);
  }
  await goesOn(t, service);
});

t.test('a thousand connections at once', async (t) => {
  const service = await start(t, { RATE_LIMIT: '0' });
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => open(service)));
  const answers = sockets.map(received);
  for (const socket of sockets) socket.write(`${head(`Content-Length: ${JSON_BODY.length}`, 'Connection: close')}${JSON_BODY}`);
  const bodies = (await Promise.all(answers)).map((bytes) => answersIn(bytes));
  t.ok(
    bodies.every(([{ status }]) => status === 200),
    'each is answered',
  );
  t.equal(new Set(bodies.map(([{ body }]) => `${body}`)).size, 1, 'and with the same');
  await goesOn(t, service);
});
