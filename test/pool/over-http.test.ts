// The pool over HTTP: answers, refusals and deadlines of large requests, and clients that disconnect.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { gradients, post, startApp, startOwnApp, validRequest } from '../support/app.ts';
import { sameNumbers, wave } from '../support/numbers.ts';
import { endless, large, ones } from './tasks.ts';

t.test('the same answer in a thread as on the event loop', async (t) => {
  const app = await startApp();
  const answer = await gradients(app, large);
  t.equal(answer.loss, 199 ** 2);
  const weights = ones(200, 200).map((row) => row.map(() => 1.99));
  sameNumbers(t, answer.gradients, [{ weights }], 'the gradients', { tolerance: 1e-15 });
  const { network, batch } = validRequest();
  const padded = `${JSON.stringify({ network, batch })}${' '.repeat(100_000)}`;
  t.strictSame((await post(app, padded)).json(), await gradients(app, { network, batch }));
});

t.test('the same bits alone and under load, of tiles and of parts of products', async (t) => {
  const app = await startApp();
  const matrix = (rows: number, columns: number) => {
    const numbers = Array.from(wave(rows * columns, columns));
    return Array.from({ length: rows }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
  };
  const requestOf = (samples: number, units: number) => ({
    network: { layers: [{ weights: matrix(units, units), activation: 'tanh' }, { weights: matrix(1, units) }] },
    batch: { inputs: matrix(samples, units), targets: matrix(samples, 1) },
  });
  for (const request of [requestOf(5000, 40), requestOf(300, 300)]) {
    const alone = await post(app, request);
    t.equal(alone.statusCode, 200);
    const together = await Promise.all(Array.from({ length: 6 }, () => post(app, request)));
    for (const answer of together) t.ok(answer.body === alone.body);
  }
});

t.test('the same refusal from a thread as from the event loop', async (t) => {
  const app = await startApp();
  const response = await post(app, { ...large, batch: { inputs: ones(1, 199), targets: ones(1, 200) } });
  t.equal(response.statusCode, 422);
  t.match(response.json(), {
    type: '/problems/shape-mismatch',
    errors: [{ pointer: '/batch/inputs/0', detail: 'expected 200 values, one per input of layer 0, got 199' }],
  });
});

t.test('a missed deadline: 504, and the thread is free again', async (t) => {
  const app = await startOwnApp(t, { DEADLINE_MS: '1' });
  const response = await post(app, endless);
  t.equal(response.statusCode, 504);
  t.match(response.json(), { type: '/problems/deadline-exceeded', detail: 'not answered within 1 ms (DEADLINE_MS)' });
  t.equal((await post(app, validRequest())).statusCode, 200);
});

t.test('a request that exceeds the memory of a thread', async (t) => {
  const app = await startOwnApp(t, { BODY_LIMIT: `${2 ** 22}`, MAX_LAYERS: '1000000', MAX_KEYS: '10000000' });
  const layers = Array.from({ length: 200_000 }, () => ({ weights: [[1]] }));
  const response = await post(app, { network: { layers }, batch: { inputs: [[1]], targets: [[1]] } });
  t.equal(response.statusCode, 413);
  t.match(response.json(), { type: '/problems/too-much-memory', detail: 'MiB of a thread' });
  t.equal((await gradients(app, large)).loss, 199 ** 2);
});

t.test('a client that disconnects before the answer', async (t) => {
  const app = await startApp();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const closed = new Promise<void>((resolve) => {
    app.server.on('request', (request, response) => {
      // The body has arrived, but there is no answer yet.
      request.on('end', () => socket.resetAndDestroy());
      response.on('close', resolve);
    });
  });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const head = 'POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
  socket.write(`${head}Content-Length: ${endless.length}\r\n\r\n${endless}`);
  await closed;
  t.equal((await gradients(app, large)).loss, 199 ** 2);
});
