// Requests that Node's parser accepts although they contradict RFC 9112: refused, and the connection is closed.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { answersIn } from '../fuzz/client.ts';
import { post, startOwnApp, validRequest } from '../support/app.ts';

const BODY = JSON.stringify(validRequest());
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const TYPE = 'Content-Type: application/json';

async function start(t: Test, environment: Record<string, string> = {}) {
  const app = await startOwnApp(t, environment);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  /** Sends bytes over a new connection; resolves with all answers when the service has closed it. */
  const send = async (bytes: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    return answersIn(await buffer(socket));
  };
  return { app, port, send };
}

const withHost = (...hosts: string[]) => `GET /livez HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}\r\n`;
const withCoding = (coding: string, version = '1.1', path = '/gradients') =>
  `POST ${path} HTTP/${version}\r\nHost: a\r\n${TYPE}\r\n${coding}\r\n\r\n${CHUNKED}`;

const HOST = 'HTTP/1.1 wants one Host header with a host and perhaps a port, got';

const refused: Record<string, [bytes: string, detail: string]> = {
  'two Hosts': [withHost('a', 'b'), `${HOST} a, b`],
  'the same Host twice': [withHost('a', 'a'), `${HOST} a, a`],
  'no Host': [withHost(), `${HOST} none`],
  'a space in the Host': [withHost('a b'), `${HOST} a b`],
  'a Host with a user': [withHost('user@a'), `${HOST} user@a`],
  'a Host that is a URL': [withHost('http://a/'), `${HOST} http://a/`],
  'a Host with a path': [withHost('a/b'), `${HOST} a/b`],
  'a Host with two ports': [withHost('a:1:2'), `${HOST} a:1:2`],
  'a Host with a port that is no number': [withHost('a:b'), `${HOST} a:b`],
  'an address without its closing bracket': [withHost('[::1'), `${HOST} [::1`],
  'a broken escape in the Host': [withHost('a%2'), `${HOST} a%2`],
  'two Hosts in HTTP/1.0': [withHost('a', 'b').replace('1.1', '1.0'), `${HOST} a, b`],
  'HTTP/2.0': [withHost('a').replace('1.1', '2.0'), 'expected HTTP/1.1, got HTTP/2.0'],
  'HTTP/0.9': [withHost('a').replace('1.1', '0.9'), 'expected HTTP/1.1, got HTTP/0.9'],
  'HTTP/1.2': [withHost('a').replace('1.1', '1.2'), 'HPE_INVALID_VERSION'],
  'another coding before chunked': [
    withCoding('Transfer-Encoding: gzip, chunked'),
    'expected the Transfer-Encoding chunked, got gzip, chunked',
  ],
  'another coding in a header of its own': [
    withCoding('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked'),
    'expected the Transfer-Encoding chunked, got gzip, chunked',
  ],
  'another coding, on a path that takes no body': [
    withCoding('Transfer-Encoding: gzip, chunked', '1.1', '/nothing'),
    'got gzip, chunked',
  ],
  'an empty coding before chunked': [
    withCoding('Transfer-Encoding: , chunked'),
    'expected the Transfer-Encoding chunked, got , chunked',
  ],
  'only another coding': [withCoding('Transfer-Encoding: gzip'), 'expected the Transfer-Encoding chunked, got gzip'],
  'chunked before another coding': [withCoding('Transfer-Encoding: chunked, gzip'), 'HPE_INVALID_TRANSFER_ENCODING'],
  'chunked in HTTP/1.0': [withCoding('Transfer-Encoding: chunked', '1.0'), 'HTTP/1.0 has no Transfer-Encoding'],
};

t.test('one problem document; then the connection is closed', async (t) => {
  for (const environment of [{}, { CORS_ORIGINS: 'https://a.example' }]) {
    const { app, send } = await start(t, environment);
    for (const [name, [bytes, detail]] of Object.entries(refused)) {
      const answers = await send(bytes);
      t.equal(answers.length, 1, name);
      const [{ status, headers, body }] = answers;
      t.strictSame(
        [status, `${headers.connection}`.toLowerCase(), headers['content-type']],
        [400, 'close', 'application/problem+json'],
        name,
      );
      t.match(JSON.parse(`${body}`), { type: '/problems/malformed-request', status: 400, detail }, name);
      t.equal((await post(app, validRequest())).statusCode, 200);
    }
  }
});

t.test('unusual, but right', async (t) => {
  const { send } = await start(t);
  const last = '\r\nConnection: close\r\n\r\n';
  for (const host of ['', 'a', 'a.example:8080', '127.0.0.1:', '[::1]:3000', 'my_service', 'b%C3%BCcher.example']) {
    const [{ status }] = await send(`GET /livez HTTP/1.1\r\nHost: ${host}${last}`);
    t.equal(status, 200, host);
  }
  for (const coding of ['chunked', 'Chunked', ' chunked ']) {
    const [{ status }] = await send(withCoding(`Transfer-Encoding: ${coding}\r\nConnection: close`));
    t.equal(status, 200, coding);
  }
  t.equal((await send('GET /livez HTTP/1.0\r\n\r\n'))[0].status, 200, 'HTTP/1.0 has no Host');
});

t.test('a header that may stand only once is not taken from the first of two', async (t) => {
  const { send } = await start(t);
  const [{ status }] = await send(
    `POST /gradients HTTP/1.1\r\nHost: a\r\n${TYPE}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
  );
  t.equal(status, 415);
});

t.test('an upgrade is ignored, and ends the connection: what follows is not read', async (t) => {
  const { app, port } = await start(t);
  const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk';
  const requests = [
    `GET /livez HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n\r\n`,
    `POST /gradients HTTP/1.1\r\nHost: a\r\n${TYPE}\r\n${upgrade}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  ];
  for (const request of requests) {
    const accepted = once(app.server, 'connection');
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(request);
    const [atServer] = await accepted;
    const rest = Buffer.alloc(2 ** 20, 'x');
    const flood = () => {
      while (!socket.destroyed && socket.write(rest));
    };
    socket.on('drain', flood);
    await once(socket, 'data');
    flood();
    await closed;
    t.match(answer, /^HTTP\/1\.1 200 .*connection: close/is);
    t.ok(atServer.bytesRead < 2 ** 22, `${atServer.bytesRead} bytes were read`);
  }
});
