// The threads: large requests are answered there, and nothing that happens to one of them touches another.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { startPool } from '../../src/pool/pool.ts';
import { ENGINE, gradients, post, sameNumbers, startApp, validRequest } from '../support/app.ts';

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));

/** A request whose body is too large for the event loop. */
const large: GradientsRequest = {
  network: { layers: [{ weights: ones(200, 200) }] },
  batch: { inputs: ones(1, 200), targets: ones(1, 200) },
};

/** A request that keeps a thread busy for longer than any test takes; with ml-matrix, for minutes. */
const endless = JSON.stringify({
  network: { layers: Array.from({ length: 60 }, () => ({ weights: ones(300, 300) })) },
  batch: { inputs: ones(300, 300), targets: ones(300, 300) },
});

function task(request: object | string) {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  return { bytes: new Uint8Array(Buffer.from(text)), mediaType: 'application/json', accept: 'application/json' } as const;
}

function pool(t: Test, environment: Record<string, string> = {}, fail = (error: Error) => void t.fail(`${error}`)) {
  const config = readConfig({ ENGINE, ...environment });
  const started = startPool(chooseEngine(config.ENGINE), config, { error: fail as () => void });
  t.teardown(() => started.close());
  return started;
}

const stays = () => new AbortController().signal;

t.test('the same answer in a thread as on the event loop', async (t) => {
  const app = await startApp(t);
  const answer = await gradients(app, large);
  t.equal(answer.loss, 199 ** 2);
  const weights = ones(200, 200).map((row) => row.map(() => 1.99));
  sameNumbers(t, answer.gradients, [{ weights }], 'the gradients', 1e-15);
  const { network, batch } = validRequest();
  const padded = `${JSON.stringify({ network, batch })}${' '.repeat(100_000)}`;
  t.strictSame((await post(app, padded)).json(), await gradients(app, { network, batch }));
});

t.test('a small body that asks for much work is answered in a thread', async (t) => {
  const { answer } = pool(t);
  let asked = 0;
  const gone = () => {
    asked++;
    return stays();
  };
  t.ok(await answer(task(validRequest()), gone));
  t.equal(asked, 0);
  const text = JSON.stringify({
    network: { layers: [{ weights: ones(100, 1) }, { weights: ones(1, 100) }] },
    batch: { inputs: ones(100, 1), targets: ones(100, 1) },
  });
  t.ok(text.length < 65_536);
  const bytes = await answer(task(text), gone);
  t.match(`${Buffer.from(bytes as Uint8Array)}`, '{"loss":9801');
  t.equal(asked, 1);
});

t.test('a refusal comes back from a thread as from the event loop', async (t) => {
  const app = await startApp(t);
  const response = await post(app, { ...large, batch: { inputs: ones(1, 199), targets: ones(1, 200) } });
  t.equal(response.statusCode, 422);
  t.match(response.json(), {
    type: '/problems/shape-mismatch',
    errors: [{ pointer: '/batch/inputs/0', detail: 'expected 200 values, one per input of layer 0, got 199' }],
  });
});

t.test('a deadline that passes: 504, and the thread is free again', async (t) => {
  const app = await startApp(t, { DEADLINE_MS: '1' });
  const response = await post(app, endless);
  t.equal(response.statusCode, 504);
  t.match(response.json(), { type: '/problems/deadline-exceeded', detail: 'not answered within 1 ms (DEADLINE_MS)' });
  t.equal((await post(app, validRequest())).statusCode, 200);
});

t.test('a client that goes away frees its thread', async (t) => {
  const { answer, threads } = pool(t);
  const busy = threads.map(() => new AbortController());
  const answers = busy.map(({ signal }) => answer(task(endless), () => signal));
  const before = [...threads];
  for (const client of busy) client.abort();
  t.strictSame(
    await Promise.all(answers),
    busy.map(() => undefined),
  );
  t.ok(await answer(task(large), stays), 'others are answered');
  t.ok(before.length > 0);
});

t.test('a client that closes its connection before the answer', async (t) => {
  const app: FastifyInstance = await startApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const closed = new Promise<void>((resolve) => {
    app.server.on('request', (request, response) => {
      // The body is there, and its answer is not.
      request.on('end', () => socket.resetAndDestroy());
      response.on('close', resolve);
    });
  });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${endless.length}\r\n\r\n`,
  );
  socket.write(endless);
  await closed;
  t.equal((await gradients(app, large)).loss, 199 ** 2);
});

t.test('a thread that dies: its request may be sent again, the others have their answers, and it is replaced', async (t) => {
  const logged: string[] = [];
  const started = pool(t, {}, ({ message }) => void logged.push(message));
  await started.ready;
  const n = started.threads.length;
  await Promise.all(Array.from({ length: 3 * n }, () => started.answer(task(large), stays)));
  const busy = started.threads.map(() => started.answer(task(endless), stays));
  const others = Array.from({ length: 5 }, () => started.answer(task(large), stays));
  const [first] = started.threads;
  await first.terminate();
  const outcomes = await Promise.allSettled(busy);
  t.strictSame(outcomes.map(({ status }) => status).toSorted(), [...Array(n - 1).fill('fulfilled'), 'rejected']);
  const [{ reason }] = outcomes.filter((outcome) => outcome.status === 'rejected');
  t.match(reason, { type: 'overloaded', refused: { detail: 'the thread that computed the answer came to its end' } });
  t.ok(reason.retryAfter >= 1);
  t.equal(started.state.deaths, 1);
  t.match(logged, ['worker exited with code: 1']);
  for (const bytes of await Promise.all(others)) t.match(`${Buffer.from(bytes as Uint8Array)}`, '{"loss":39601,');
  t.strictSame([started.threads.length, started.threads.includes(first)], [n, false]);
});

t.test('a request that takes more memory than a thread has', async (t) => {
  const app = await startApp(t, { BODY_LIMIT: `${2 ** 22}`, MAX_LAYERS: '1000000', MAX_KEYS: '10000000' });
  const layers = Array.from({ length: 200_000 }, () => ({ weights: [[1]] }));
  const response = await post(app, { network: { layers }, batch: { inputs: [[1]], targets: [[1]] } });
  t.equal(response.statusCode, 413);
  t.match(response.json(), { type: '/problems/too-much-memory', detail: 'MiB of a thread' });
  t.equal((await gradients(app, large)).loss, 199 ** 2);
});

t.test('a fault in a thread is a fault of the service', async (t) => {
  const { answer } = pool(t);
  const { bytes, accept } = task(large);
  await t.rejects(answer({ bytes, accept, mediaType: 'none' as 'application/json' }, stays), { name: 'TypeError' });
});

t.test('threads that cannot load what they need are no pool', async (t) => {
  const config = readConfig({ ENGINE });
  const { engine } = chooseEngine(config.ENGINE);
  const broken = startPool({ engine, choice: { name: 'openblas', library: 'no-such-library.so' } }, config, { error() {} });
  await t.rejects(broken.ready, { message: /no-such-library/ });
  await broken.close();
});

t.test('what a request reserves beside others is bounded in the threads', async (t) => {
  const started = pool(t, { MEMORY_BUDGET: '4000000' });
  await started.ready;
  const client = new AbortController();
  const first = started.answer(task(endless), () => client.signal);
  while (started.state.memory === 0) await new Promise(setImmediate);
  const second = started.answer(task(large), stays);
  const refused = { type: 'overloaded', refused: { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' } };
  t.match(await second.catch((error) => error), refused);
  client.abort();
  t.equal(await first, undefined);
  t.equal(started.state.memory, 0);
  t.ok(await started.answer(task(large), stays));
});

t.test('closing waits for threads that still load: to end one then would end the process', async () => {
  const config = readConfig({ ENGINE });
  const start = () => startPool(chooseEngine(config.ENGINE), config, { error() {} });
  await start().close();
  const replacing = start();
  await replacing.ready;
  const client = new AbortController();
  const answers = replacing.threads.map(() => replacing.answer(task(endless), () => client.signal));
  client.abort();
  await Promise.all(answers);
  await replacing.close();
});
