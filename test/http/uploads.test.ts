// Uploads on sockets: silence, long uploads, clients that go away, refusals in the middle, Expect, how many at once.
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { Exchanges } from '../../src/http/exchange.ts';
import { UnreadBodies } from '../../src/http/unread.ts';
import { Uploads } from '../../src/http/upload.ts';
import { answersIn } from '../fuzz/client.ts';
import { startOwnApp, storeOf } from '../support/app.ts';

const CSV = 'Content-Type: text/csv';
const CHUNKED = 'Transfer-Encoding: chunked';
/** How long an upload may be silent, for a client that is not. */
const IDLE_MS = 1_000;

const TABLE = 'x\n1\n2\n';

interface Service {
  readonly app: FastifyInstance;
  readonly port: number;
  readonly store: string;
}

async function start(t: Test, environment: Record<string, string> = {}): Promise<Service> {
  const store = storeOf(t);
  const app = await startOwnApp(t, { STORE: store, ...environment });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, port: (app.server.address() as AddressInfo).port, store };
}

async function open({ port }: Service): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All answers until the service closes the connection. */
async function answersOn(socket: Socket) {
  const pieces: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => pieces.push(bytes));
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  return answersIn(Buffer.concat(pieces)).map(({ status, headers, body }) => ({
    status,
    connection: headers.connection,
    document: body.length > 0 ? JSON.parse(`${body}`) : undefined,
  }));
}

/** Resolves when a connection has been closed, in whatever way. */
const closed = (socket: Socket) => new Promise((resolve) => socket.resume().once('close', resolve));

const head = (path: string, ...lines: string[]) => [`PUT ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n');
const chunk = (text: string | Buffer) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Resolves when a service has begun to receive an upload: it asks for its body. */
async function begun(service: Service, path: string, ...lines: string[]): Promise<Socket> {
  const socket = await open(service);
  socket.write(head(path, CSV, CHUNKED, 'Expect: 100-continue', ...lines));
  const [answer] = await once(socket, 'data');
  if (!`${answer}`.startsWith('HTTP/1.1 100 Continue\r\n\r\n')) throw new Error(`${answer}`);
  return socket;
}

/** The names of the objects in the store. */
async function objectsOf({ store }: Service): Promise<string[]> {
  const names = await readdir(store, { recursive: true }).catch(() => []);
  return names.filter((name) => /[0-9a-f]{32}/.test(name) && name.startsWith('objects'));
}

/** Waits until the service has removed what it wrote. */
async function emptied(service: Service): Promise<void> {
  while ((await objectsOf(service)).length > 0) await setImmediate();
}

const statusOf = async ({ app }: Service, name: string) => (await app.inject({ url: `/datasets/${name}` })).statusCode;

t.test('an upload that falls silent: 408, and nothing of it stays', async (t) => {
  const service = await start(t, { UPLOAD_IDLE_MS: '100' });
  const silent: [name: string, ...pieces: (string | Buffer)[]][] = [
    ['by length', head('/datasets/d', CSV, 'Content-Length: 1000'), TABLE],
    ['long', head('/datasets/d', CSV, 'Content-Length: 1000000'), TABLE],
    ['in chunks', head('/datasets/d', CSV, CHUNKED), chunk(TABLE)],
    ['from the beginning', head('/datasets/d', CSV, 'Content-Length: 1000')],
    ['compressed', head('/datasets/d', CSV, 'Content-Encoding: gzip', 'Content-Length: 1000'), gzipSync(TABLE)],
  ];
  for (const [name, ...pieces] of silent) {
    const socket = await open(service);
    for (const piece of pieces) socket.write(piece);
    t.match(
      await answersOn(socket),
      [
        {
          status: 408,
          connection: 'close',
          document: {
            type: '/problems/request-timeout',
            detail: 'nothing of the upload has arrived for 100 ms (UPLOAD_IDLE_MS)',
          },
        },
      ],
      name,
    );
  }
  await emptied(service);
  t.equal(await statusOf(service, 'd'), 404);
});

t.test('an upload may take longer than REQUEST_TIMEOUT_MS', async (t) => {
  const service = await start(t, { REQUEST_TIMEOUT_MS: '1' });
  const upload = await begun(service, '/datasets/d');
  upload.write(chunk('x\n1\n'));
  const late = await open(service);
  late.write(
    head('/gradients', 'Content-Length: 10')
      .replace('PUT', 'POST')
      .replace('Host: a', 'Host: a\r\nContent-Type: application/json'),
  );
  t.match(await answersOn(late), [{ status: 408 }], 'what began later is late');
  upload.write(`${chunk('2\n')}0\r\n\r\n`);
  t.match(`${(await once(upload, 'data'))[0]}`, /^HTTP\/1\.1 201 Created\r\n.*"samples":2/s);
  upload.destroy();
});

t.test('an upload may be silent for longer than other connections, but only until it is answered', async (t) => {
  const service = await start(t, { DEADLINE_MS: '300', ANSWER_TIMEOUT_MS: '300' });
  const upload = await begun(service, '/datasets/d');
  const other = await open(service);
  await closed(other);
  upload.write(`${chunk(TABLE)}0\r\n\r\n`);
  t.match(`${(await once(upload, 'data'))[0]}`, /^HTTP\/1\.1 201 Created\r\n/);
  upload.write(head('/gradients', 'Content-Type: application/json', 'Content-Length: 10').replace('PUT', 'POST'));
  await closed(upload);
});

t.test('a client that goes away in the middle: nothing of its upload stays', async (t) => {
  const service = await start(t);
  const kept = await open(service);
  kept.write(`${head('/datasets/d', CSV, `Content-Length: ${TABLE.length}`, 'Connection: close')}${TABLE}`);
  const [{ document }] = await answersOn(kept);
  const objects = await objectsOf(service);
  t.equal(objects.length, 1);
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const socket = await begun(service, '/datasets/d');
    await new Promise((resolve) => {
      socket.write(chunk(`x\n${'3\n'.repeat(100_000)}`), resolve);
    });
    socket[leave]();
    while ((await objectsOf(service)).join() !== objects.join()) await setImmediate();
    const { headers } = await service.app.inject({ url: '/datasets/d' });
    t.equal(headers.etag, `"${document.etag}"`, `${leave}: the dataset is the one before`);
  }
});

t.test('a refusal in the middle leaves the rest unread', async (t) => {
  const service = await start(t);
  const wrong = 'x\n1\na\n';
  const endless = await open(service);
  const answers = answersOn(endless);
  endless.write(head('/datasets/d', CSV, 'Content-Length: 900000000'));
  endless.write(wrong);
  const rest = Buffer.alloc(2 ** 20, '1\n');
  const goOn = () => {
    while (!endless.destroyed && endless.write(rest));
  };
  endless.on('drain', goOn);
  const requested = once(service.app.server, 'request');
  goOn();
  const [atServer] = await requested;
  t.match(await answers, [{ status: 400, connection: 'close', document: { type: '/problems/invalid-request' } }]);
  t.ok(atServer.socket.bytesRead < 64 * 2 ** 20, `${atServer.socket.bytesRead} bytes have been read`);

  const short = await open(service);
  const all = answersOn(short);
  short.write(head('/datasets/d', CSV, 'Content-Length: 50000'));
  short.write(wrong);
  await once(service.app.server, 'request');
  short.write('1\n'.repeat((50_000 - wrong.length) / 2));
  short.write(`${head('/datasets/d', CSV, `Content-Length: ${TABLE.length}`, 'Connection: close')}${TABLE}`);
  t.match(await all, [{ status: 400 }, { status: 201 }], 'a short rest is discarded, and the next request is answered');
});

t.test('what the headers tell is refused before the body is asked for', async (t) => {
  const service = await start(t, { DATASET_LIMIT: '1000', API_KEYS: 'key' });
  const key = 'X-API-Key: key';
  const refused: [status: number, ...lines: string[]][] = [
    [401, CSV],
    [415, key, 'Content-Type: text/plain'],
    [415, key, CSV, 'Content-Encoding: x'],
    [413, key, CSV, 'Content-Length: 1001'],
    [412, key, CSV, 'If-Match: "x"'],
  ];
  for (const [status, ...lines] of refused) {
    const socket = await open(service);
    const framing = lines.some((line) => line.startsWith('Content-Length')) ? [] : [CHUNKED];
    socket.write(head('/datasets/d', ...lines, ...framing, 'Expect: 100-continue', 'Connection: close'));
    t.match(await answersOn(socket), [{ status }], `${status}: no 100 Continue before`);
  }
  const socket = await begun(service, '/datasets/d', key);
  socket.write(`${chunk(TABLE)}0\r\n\r\n`);
  t.match(`${(await once(socket, 'data'))[0]}`, /^HTTP\/1\.1 201 /);
  socket.destroy();
});

t.test('so many uploads at once, of one owner and of all', async (t) => {
  const owners = ['a', 'b', 'c', 'd', 'e'];
  const service = await start(t, { API_KEYS: owners.map((owner) => `${owner}=key-of-${owner}`).join() });
  const key = (owner: string) => `X-API-Key: key-of-${owner}`;
  const beginAs = (owner: string) =>
    Promise.all(Array.from({ length: 8 }, (_, i) => begun(service, `/datasets/d${i}`, key(owner))));
  const refusal = async (owner: string) => {
    const headers = { 'x-api-key': `key-of-${owner}`, 'content-type': 'text/csv' };
    const response = await service.app.inject({ method: 'PUT', url: '/datasets/more', headers, payload: TABLE });
    return [response.statusCode, response.headers['retry-after'], response.statusCode === 503 ? response.json().detail : ''];
  };
  const first = await beginAs('a');
  t.strictSame(await refusal('a'), [503, '10', 'uploads in progress: 8, as many as one client may have']);
  t.strictSame(await refusal('b'), [201, undefined, '']);
  const others = await Promise.all(['b', 'c', 'd'].map(beginAs));
  t.strictSame(await refusal('e'), [503, '10', 'uploads in progress: 32, as many as there may be']);
  first[0].write(`${chunk(TABLE)}0\r\n\r\n`);
  t.match(`${(await once(first[0], 'data'))[0]}`, /^HTTP\/1\.1 201 /);
  t.strictSame(await refusal('e'), [201, undefined, '']);
  for (const socket of [...first, ...others.flat()]) socket.destroy();
});

t.test('a path with dots on the wire', async (t) => {
  const service = await start(t);
  for (const path of ['/datasets/..', '/datasets/%2e%2e', '/datasets/../../etc/passwd', '/datasets/..%2f..%2fetc%2fpasswd']) {
    const socket = await open(service);
    socket.write(`${head(path, CSV, `Content-Length: ${TABLE.length}`, 'Connection: close')}${TABLE}`);
    const [{ status }] = await answersOn(socket);
    t.ok(status === 400 || status === 404, `${path}: ${status}`);
  }
  t.strictSame(await objectsOf(service), []);
});

t.test('the rest of a refused body that does not come ends its connection', async (t) => {
  const service = await start(t, { REQUEST_TIMEOUT_MS: '1' });
  const connected = once(service.app.server, 'connection');
  const long = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true });
  const [atServer] = await connected;
  const ended = once(atServer, 'close');
  long.write(`${head('/datasets/d', 'Content-Type: text/plain', 'Content-Length: 500000')}x`);
  t.match(await answersOn(long), [{ status: 415, connection: 'close' }]);
  await ended;
  long.destroy();
  const short = await open(service);
  short.write(`${head('/datasets/d', 'Content-Type: text/plain', 'Content-Length: 500')}x`);
  t.match(await answersOn(short), [{ status: 415 }, { status: 408 }]);
});

t.test('a body is read only as far as it is asked for', async (t) => {
  const app = Fastify();
  t.teardown(() => app.close());
  const exchanges = new Exchanges(app, []);
  app.decorate('unreadBodies', new UnreadBodies());
  app.addHook('onRequest', (request, reply, done) => {
    exchanges.begin(request, reply);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  const uploads = new Uploads(IDLE_MS);
  const first = Promise.withResolvers<Socket>();
  const goOn = Promise.withResolvers<void>();
  app.put('/', (request, reply) =>
    uploads.receive(request, reply, async (bytes) => {
      let length = 0;
      for await (const chunk of bytes) {
        first.resolve(request.raw.socket);
        // For longer than the upload may be silent: it is not the client that is slow.
        await goOn.promise;
        length += chunk.length;
        if (length > 2 ** 25) break;
      }
      return { length };
    }),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  const answers = answersOn(socket);
  socket.write(head('/', CSV, `Content-Length: ${2 ** 26}`));
  socket.write(Buffer.alloc(2 ** 26));
  const atServer = await first.promise;
  // The upload's own timer, which began earlier, has ended by then.
  await setTimeout(IDLE_MS);
  t.ok(atServer.bytesRead < 2 ** 20, `${atServer.bytesRead} bytes have been read`);
  goOn.resolve();
  t.match(await answers, [{ status: 200, connection: 'close' }], 'what is not wanted stays unread');
});
