// The balancer: its limits agree with those of the service and, if nginx is installed, how it handles failing replicas.
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { Config } from '../../schemas/config.ts';
import { problems } from '../../schemas/problem.ts';
import { defaultOf, missing, read } from './files.ts';

const configuration = read('deploy/nginx/nginx.conf');
const upstream = read('deploy/nginx/upstream.conf');

/** The number in a directive; seconds are converted to milliseconds. */
function numberOf(directive: string, from = configuration): number {
  const [, number, seconds] = new RegExp(`^\\s*${directive} (\\d+)(s?);`, 'm').exec(from) ?? [];
  return Number(number) * (seconds ? 1000 : 1);
}

t.test('its limits agree with those of the service', async (t) => {
  const setting = (name: string) => defaultOf(Config.properties, name);
  t.equal(numberOf('client_max_body_size'), setting('BODY_LIMIT'));
  t.ok(numberOf('client_body_timeout') >= setting('UPLOAD_IDLE_MS'), 'the service says first that an upload has stopped');
  t.ok(numberOf('proxy_read_timeout') > setting('DEADLINE_MS'), 'the service says first that an answer took too long');
  t.ok(numberOf('worker_shutdown_timeout') > numberOf('proxy_read_timeout') + setting('DEADLINE_MS'));
  const pooled = 90_000;
  t.ok(numberOf('keepalive_timeout') > pooled && setting('KEEP_ALIVE_MS') > pooled, 'Go and hyper let go of a connection first');
  t.ok(numberOf('keepalive_timeout', upstream) < setting('KEEP_ALIVE_MS'), 'the balancer lets go of a connection first');
});

t.test('its problem documents are the same as those of the service', async (t) => {
  const documents = [...configuration.matchAll(/return (\d+) '(\{"type":.*)'/g)];
  t.equal(documents.length, [...configuration.matchAll(/location = \/balancer-problems\//g)].length);
  for (const [, status, document] of documents) {
    const { type, ...problem } = JSON.parse(document);
    t.equal(`${problem.status}`, status, document);
    const [, name] = /^\/problems\/(.*)$/.exec(type) ?? [];
    const { title, status: declared } = problems[name as keyof typeof problems] ?? {};
    if (type !== 'about:blank') t.strictSame([problem.title, problem.status], [title, declared], type);
  }
});

/** Starts a scripted replica, and returns its address. */
async function startReplica(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts nginx on loopback, in front of the given replicas, and returns its URL. */
async function startBalancer(t: Test, replicas: string[]): Promise<string> {
  const port = await freePort();
  const servers = replicas.map((address) => `server ${address} max_fails=0;`).join('\n');
  const directory = t.testdir({
    // A notice in the log tells when nginx has started.
    'nginx.conf': configuration.replace('error_log stderr warn;', 'error_log stderr notice;'),
    'upstream.conf': upstream.replace(/server .*;/, servers),
    'listen.conf': `listen 127.0.0.1:${port};\naccess_log off;\n`,
  });
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
  const child = spawn('nginx', ['-e', 'stderr', '-p', directory, '-c', `${directory}/nginx.conf`, ...user], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = new Promise((resolve) => child.on('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGTERM');
    await exit;
  });
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('start worker process')) break;
  child.stderr.resume();
  return `http://127.0.0.1:${port}`;
}

const echo: RequestListener = async (request, response) => {
  response.end(JSON.stringify({ url: request.url, headers: request.headers, body: await text(request) }));
};

t.test('nginx', { skip: await missing('nginx', '-v') }, async (t) => {
  t.test('forwards the client address and the request id', async (t) => {
    const url = await startBalancer(t, [await startReplica(t, echo)]);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const headers = {
      ...{
        'x-forwarded-for': '203.0.113.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'elsewhere',
        forwarded: 'for=203.0.113.1',
      },
      ...{ 'x-request-id': 'an-id', traceparent, 'content-encoding': 'gzip' },
    };
    const response = await fetch(`${url}/gradients?a=%20b`, { method: 'POST', headers, body: 'a body' });
    const got = (await response.json()) as { headers: Record<string, string> };
    t.match(got, { url: '/gradients?a=%20b', body: 'a body' });
    const expected = {
      ...{
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': new URL(url).host,
        host: new URL(url).host,
      },
      ...{ 'x-request-id': 'an-id', traceparent, 'content-encoding': 'gzip', 'content-length': '6', forwarded: undefined },
    };
    for (const [name, value] of Object.entries(expected)) t.equal(got.headers[name], value, name);
    const wrong = await fetch(url, { headers: { 'x-request-id': 'two words' } });
    t.match(await wrong.json(), { headers: { 'x-request-id': /^[0-9a-f]{32}$/ } });
  });

  t.test('keeps the connections to its replicas open', async (t) => {
    const ports = new Set<number | undefined>();
    const replica = await startReplica(t, (request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    const url = await startBalancer(t, [replica]);
    for (let times = 0; times < 5; times++) await (await fetch(url)).text();
    // Fewer than five, unless every request went to a different worker of nginx.
    t.ok(ports.size < 5);
  });

  t.test('hides the paths of single replicas, and refuses too large bodies', async (t) => {
    const url = await startBalancer(t, [await startReplica(t, echo)]);
    for (const path of ['/metrics', '/readyz', '/%6detrics', '/a/../metrics', '/balancer-problems/500']) {
      const response = await fetch(url + path.replace('..', '%2e%2e'));
      t.equal(response.status, 404, path);
      t.equal(response.headers.get('content-type'), 'application/problem+json');
      t.match(await response.json(), { type: '/problems/not-found' });
    }
    const body = Buffer.alloc(numberOf('client_max_body_size') + 1);
    const response = await fetch(`${url}/gradients`, { method: 'POST', headers: { 'x-request-id': 'an-id' }, body }).catch(
      () => undefined,
    );
    // A client that keeps sending without reading may see a closed connection instead.
    if (response) {
      t.equal(response.headers.get('x-request-id'), 'an-id');
      t.match(await response.json(), { type: '/problems/body-too-large', status: 413 });
    }
    const long = await fetch(url, { headers: { a: 'a'.repeat(17_000) } });
    t.match(await long.json(), { type: '/problems/headers-too-large', status: 431 });
    t.match(await (await fetch(`${url}/balancer-livez`)).json(), { status: 'live' });
    t.equal(response?.headers.get('server') ?? 'nginx', 'nginx', 'no version');
  });

  t.test('retries a failed request with its body on another replica', async (t) => {
    const tried: string[] = [];
    const failing =
      (name: string, fail: (request: IncomingMessage) => void): RequestListener =>
      async (request, response) => {
        await text(request);
        tried.push(name);
        fail(request);
        response.writeHead(503, { 'retry-after': '7' }).end(name);
      };
    const refusing = `127.0.0.1:${await freePort()}`;
    const breaking = await startReplica(
      t,
      failing('broken off', ({ socket }) => socket.destroy()),
    );
    const full = await startReplica(
      t,
      failing('full', () => {}),
    );
    const body = 'a'.repeat(300_000);
    const post = (url: string) => fetch(`${url}/gradients`, { method: 'POST', body });

    for (const replica of [refusing, breaking, full]) {
      await t.test('one fails', async (t) => {
        const url = await startBalancer(t, [replica, await startReplica(t, echo)]);
        for (let times = 0; times < 4; times++) t.match(await (await post(url)).json(), { body });
      });
    }
    t.ok(tried.includes('broken off') && tried.includes('full'), 'both were tried');

    await t.test('all are full: the answer comes from a replica', async (t) => {
      const response = await post(await startBalancer(t, [full, full]));
      t.equal(response.status, 503);
      t.equal(response.headers.get('retry-after'), '7');
      t.equal(await response.text(), 'full');
    });

    await t.test('all break off: three tries, then a problem document', async (t) => {
      tried.length = 0;
      const response = await post(await startBalancer(t, [breaking, breaking, breaking, breaking]));
      t.match(await response.json(), { type: 'about:blank', status: 502 });
      t.equal(response.headers.get('retry-after'), '1');
      t.equal(tried.length, 3);
    });

    await t.test('the submission of a job is sent twice only if it has a key, or was not taken', async (t) => {
      const submit = (url: string, headers: Record<string, string>) =>
        fetch(`${url}/gradients`, { method: 'POST', body, headers: { prefer: 'wait=1, respond-async', ...headers } });
      for (const replica of [breaking, full]) {
        tried.length = 0;
        const url = await startBalancer(t, [replica, replica]);
        const refused = await submit(url, {});
        t.equal(tried.length, 1, 'without a key');
        if (replica === breaking) t.match(await refused.json(), { type: 'about:blank', status: 502 });
        else t.equal(await refused.text(), 'full', 'the answer of the replica');
        tried.length = 0;
        await submit(url, { 'idempotency-key': 'k' });
        t.equal(tried.length, 2, 'with a key');
      }
      const url = await startBalancer(t, [refusing, await startReplica(t, echo)]);
      for (let times = 0; times < 4; times++)
        t.match(await (await submit(url, {})).json(), { body, headers: { prefer: 'wait=1, respond-async' } });
    });

    await t.test('a 504 is not retried', async (t) => {
      let times = 0;
      const late = await startReplica(t, async (request, response) => {
        await text(request);
        times++;
        response.writeHead(504).end();
      });
      t.equal((await post(await startBalancer(t, [late, late]))).status, 504);
      t.equal(times, 1);
    });
  });

  t.test('passes data on as it arrives, whatever its size', async (t) => {
    const begun = Promise.withResolvers<void>();
    const replica = await startReplica(t, async (request, response) => {
      let bytes = 0;
      for await (const chunk of request) {
        bytes += chunk.length;
        begun.resolve();
      }
      response.writeHead(201).end(`${bytes}`);
    });
    const url = await startBalancer(t, [replica]);
    const size = numberOf('client_max_body_size');
    async function* data() {
      yield new Uint8Array(1024);
      // The rest is sent when the replica has received the beginning.
      await begun.promise;
      for (let sent = 0; sent <= size; sent += 2 ** 20) yield new Uint8Array(2 ** 20);
    }
    const options = { method: 'PUT', body: ReadableStream.from(data()), duplex: 'half' };
    const response = await fetch(`${url}/datasets/digits`, options as RequestInit);
    t.strictSame([response.status, await response.text()], [201, `${1024 + size + 2 ** 20}`]);
  });

  t.test('passes events on as they arrive', async (t) => {
    const seen = Promise.withResolvers<void>();
    const replica = await startReplica(t, async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      await seen.promise;
      response.end('data: 2\n\n');
    });
    const url = await startBalancer(t, [replica]);
    const { body } = await fetch(`${url}/jobs/j1`, { headers: { accept: 'text/event-stream' } });
    const events: string[] = [];
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      events.push(chunk);
      seen.resolve();
    }
    t.strictSame(events, ['data: 1\n\n', 'data: 2\n\n']);
  });
});
