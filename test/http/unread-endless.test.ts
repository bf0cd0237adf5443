// Bodies and other bytes that never end, after an answer that does not depend on them: they are left unread, and cut off.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import t from 'tap';
import { answersIn } from '../fuzz/client.ts';
import { startOwnApp } from '../support/app.ts';

const MiB = 2 ** 20;
const BODY_LIMIT = 4 * MiB;

/** What the service may read: what is on its way before it stops reading. */
const MOST_READ = MiB;

const CHUNK = Buffer.from(`${MiB.toString(16)}\r\n${' '.repeat(MiB)}\r\n`);
const TINY_CHUNKS = Buffer.from('1\r\n \r\n'.repeat(100_000));
const SPACES = Buffer.alloc(MiB, ' ');

const head = (start: string, ...lines: string[]) => [start, 'Host: a', 'Connection: keep-alive', ...lines, '', ''].join('\r\n');
const JSON_TYPE = 'Content-Type: application/json';
const CHUNKED = 'Transfer-Encoding: chunked';
const LENGTH = 'Content-Length: 9000000000';

interface Endless {
  readonly head: string;
  /** What is sent again and again. */
  readonly rest: Buffer;
  readonly status: number;
  readonly mostRead?: number;
}

const cases: Record<string, Endless> = {
  'GET /livez': { head: head('GET /livez HTTP/1.1', CHUNKED), rest: CHUNK, status: 200 },
  'GET /livez, with a length': { head: head('GET /livez HTTP/1.1', LENGTH), rest: SPACES, status: 200 },
  'GET /docs': { head: head('GET /docs HTTP/1.1', CHUNKED), rest: CHUNK, status: 200 },
  'HEAD /livez': { head: head('HEAD /livez HTTP/1.1', CHUNKED), rest: CHUNK, status: 200 },
  404: { head: head('POST /nothing HTTP/1.1', CHUNKED), rest: CHUNK, status: 404 },
  'a malformed path': { head: head('POST /%zz HTTP/1.1', CHUNKED), rest: CHUNK, status: 404 },
  405: { head: head('PUT /gradients HTTP/1.1', JSON_TYPE, CHUNKED), rest: CHUNK, status: 405 },
  '405, in tiny chunks': { head: head('POST /livez HTTP/1.1', CHUNKED), rest: TINY_CHUNKS, status: 405 },
  406: { head: head('POST /gradients HTTP/1.1', JSON_TYPE, 'Accept: image/png', CHUNKED), rest: CHUNK, status: 406 },
  413: { head: head('POST /gradients HTTP/1.1', JSON_TYPE, CHUNKED), rest: CHUNK, status: 413, mostRead: BODY_LIMIT + MOST_READ },
  '413, by its length': { head: head('POST /gradients HTTP/1.1', JSON_TYPE, LENGTH), rest: SPACES, status: 413 },
  415: { head: head('POST /gradients HTTP/1.1', 'Content-Type: text/plain', CHUNKED), rest: CHUNK, status: 415 },
  '415, by its encoding': {
    head: head('POST /gradients HTTP/1.1', JSON_TYPE, 'Content-Encoding: x', CHUNKED),
    rest: CHUNK,
    status: 415,
  },
  'not what its encoding says': {
    head: head('POST /gradients HTTP/1.1', JSON_TYPE, 'Content-Encoding: gzip', CHUNKED),
    rest: CHUNK,
    status: 400,
  },
  'a malformed chunk': { head: `${head('POST /gradients HTTP/1.1', JSON_TYPE, CHUNKED)}x`, rest: SPACES, status: 400 },
  'malformed HTTP': { head: 'HELLO\r\n\r\n', rest: SPACES, status: 400 },
  'headers without end': { head: 'GET / HTTP/1.1\r\nX-A: ', rest: Buffer.alloc(MiB, 'x'), status: 431 },
  CONNECT: { head: head('CONNECT a:1 HTTP/1.1'), rest: SPACES, status: 400 },
};

t.test('each is answered once, and then cut off', async (t) => {
  const app = await startOwnApp(t, { BODY_LIMIT: `${BODY_LIMIT}` });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const accepted = new Map<number | undefined, Socket>();
  app.server.on('connection', (socket: Socket) => accepted.set(socket.remotePort, socket));

  const send = async ({ head, rest, status, mostRead = MOST_READ }: Endless, name: string) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
    const received: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await once(socket, 'connect');
    const { localPort } = socket;
    const goOn = () => {
      while (!socket.destroyed && socket.write(rest));
    };
    socket.on('drain', goOn);
    socket.write(head);
    goOn();
    await closed;
    const answers = answersIn(Buffer.concat(received));
    t.strictSame(
      answers.map((answer) => [answer.status, `${answer.headers.connection}`.toLowerCase()]),
      [[status, 'close']],
      name,
    );
    const bytesRead = accepted.get(localPort)?.bytesRead ?? Infinity;
    t.ok(bytesRead <= mostRead, `${name}: ${bytesRead} bytes were read, at most ${mostRead}`);
  };
  await Promise.all(Object.entries(cases).map(([name, endless]) => send(endless, name)));
  t.equal((await app.inject({ url: '/livez' })).statusCode, 200);
});

t.test('bytes that the parser skips without counting them end the connection, too', async (t) => {
  const app = await startOwnApp(t, { HEADERS_TIMEOUT_MS: '3600000', REQUEST_TIMEOUT_MS: '3600000' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const floods: Record<string, [head: string, rest: Buffer]> = {
    'spaces before the value of a header': ['GET / HTTP/1.1\r\nX-A: ', SPACES],
    'empty lines before a request': ['', Buffer.from('\r\n'.repeat(MiB / 2))],
    'empty lines after a request': ['GET /livez HTTP/1.1\r\nHost: a\r\n\r\n', Buffer.from('\r\n'.repeat(MiB / 2))],
  };
  const send = async ([head, rest]: [head: string, rest: Buffer]) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    const goOn = () => {
      while (!socket.destroyed && socket.write(rest));
    };
    socket.on('drain', goOn).resume();
    socket.write(head);
    goOn();
    await new Promise((resolve) => socket.once('close', resolve));
  };
  await Promise.all(Object.values(floods).map(send));
  t.equal((await app.inject({ url: '/livez' })).statusCode, 200);
});
