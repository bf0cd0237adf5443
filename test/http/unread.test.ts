// Bodies of requests that are refused while they are being sent: every kind of client gets the answer at once.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { startOwnApp, validRequest } from '../support/app.ts';

const LENGTH = 30_000_000;

const listen = async (app: FastifyInstance) => new URL(await app.listen({ host: '127.0.0.1', port: 0 }));

/** Begins a request whose headers cause a refusal. */
async function begin({ hostname, port }: URL, length = LENGTH): Promise<Socket> {
  // The service closes its half of the connection first.
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(`POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`);
  return socket;
}

const refusedAndClosed = /^HTTP\/1\.1 401 .*connection: close\r\n.*"type":"\/problems\/unauthorized"/is;

t.test('a refused body', async (t) => {
  const app = await startOwnApp(t, { API_KEYS: 'key' });
  const url = await listen(app);
  const statusOf = async () => (await fetch(new URL('/livez', url))).status;

  t.test('from a client that stops sending when it is answered', async (t) => {
    const socket = await begin(url);
    t.match(`${await once(socket, 'data')}`, refusedAndClosed);
    socket.destroy();
    t.equal(await statusOf(), 200);
  });

  t.test('from a client that reads only after it has sent everything', async (t) => {
    const socket = await begin(url);
    socket.pause();
    await new Promise((sent) => socket.write(Buffer.alloc(LENGTH, ' '), sent));
    t.equal(socket.bytesWritten > LENGTH, true);
    socket.resume();
    t.match(`${await once(socket, 'data')}`, refusedAndClosed);
    socket.end();
    await once(socket, 'close');
    t.equal(await statusOf(), 200);
  });

  t.test('a short one: the connection stays open', async (t) => {
    const socket = await begin(url, 10);
    t.match(`${await once(socket, 'data')}`, /^HTTP\/1\.1 401 /);
    socket.write('0123456789GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    t.match(`${await once(socket, 'data')}`, /^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  t.test('from more clients than can be drained: each is answered, and those that do not stop are disconnected', async (t) => {
    const sockets = await Promise.all(Array.from({ length: 40 }, () => begin(url)));
    const answers = await Promise.all(sockets.map(async (socket) => `${await once(socket, 'data')}`));
    for (const answer of answers) t.match(answer, refusedAndClosed);
    let wholly = 0;
    const all = sockets.map(async (socket) => {
      socket.write(Buffer.alloc(LENGTH, ' '), (error) => {
        if (error) return;
        wholly++;
        socket.end();
      });
      // events.once would reject if an error came first.
      await new Promise((closed) => socket.once('close', closed));
    });
    await Promise.all(all);
    t.ok(wholly > 0, `${wholly} were read to their ends`);
    t.ok(wholly < sockets.length, `${sockets.length - wholly} were not`);
    t.equal(await statusOf(), 200);
  });

  t.test('from a client that sends it only after 100 Continue', async (t) => {
    const body = JSON.stringify(validRequest());
    const head = (key: string) =>
      'POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n' +
      `X-API-Key: ${key}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const socket = connect(Number(url.port), url.hostname);
    socket.write(head('key'));
    t.equal(`${await once(socket, 'data')}`, 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(body);
    t.match(`${await once(socket, 'data')}`, /^HTTP\/1\.1 200 /);
    socket.write(head('wrong'));
    t.match(`${await once(socket, 'data')}`, /^HTTP\/1\.1 401 /, 'not told to, but refused');
    await once(socket, 'close');
  });
});
