// Requests to POST /check that are refused: what the network has not, documents, shapes, domains and numbers.
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { startApp } from '../support/app.ts';
import { tanhMse } from './corpus.ts';
import { problem, requestOf } from './program.ts';

const post = (app: FastifyInstance, body: object) =>
  app.inject({ method: 'POST', url: '/check', headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) });

t.test('what the network has not is refused', async (t) => {
  const app = await startApp();
  const request = requestOf(problem(50, [3, 4, 2], ['tanh', 'softmax'], 'mse'));
  const { layers } = request.network;
  const noBiases = { ...request, network: { layers: [{ ...layers[0], biases: null }, layers[1]] } };
  const response = await post(app, {
    ...noBiases,
    candidate: { gradients: [{ biases: [1] }, {}, {}], trace: [{}, { slopes: [[1]] }] },
  });
  t.equal(response.statusCode, 422);
  t.match(response.json(), {
    type: '/problems/shape-mismatch',
    errors: [
      { pointer: '/candidate/gradients', detail: 'expected at most 2 items, one per layer of the network, got 3' },
      { pointer: '/candidate/gradients/0/biases', detail: 'expected no biases, since layer 0 has none: leave the key out' },
      { pointer: '/candidate/trace/1/slopes', detail: /expected no slopes, since the activation of layer 1 mixes/ },
    ],
  });
});

t.test('documents that do not fit the schema', async (t) => {
  const app = await startApp();
  const request = requestOf(tanhMse);
  const refused = async (body: object, pointer: string, detail: RegExp) => {
    const response = await post(app, body);
    t.equal(response.statusCode, 400, response.body);
    t.match(response.json().errors, [{ pointer, detail }]);
  };
  await refused(request, '/candidate', /missing/);
  await refused({ ...request, candidate: { gradient: [] } }, '/candidate/gradient', /unknown/);
  await refused({ ...request, candidate: { gradients: [{ weights: 'none' }] } }, '/candidate/gradients/0/weights', /expected/);
  await refused(
    { ...request, candidate: { gradients: [{ weights: [[1, 'x']] }] } },
    '/candidate/gradients/0/weights/0/1',
    /expected a finite number/,
  );
  await refused(
    { ...request, candidate: { gradients: [{ biases: [] }] } },
    '/candidate/gradients/0/biases',
    /expected at least 1/,
  );
  await refused({ ...request, candidate: { loss: [1] } }, '/candidate/loss', /expected a finite number/);
  for (const candidate of [{}, { loss: null }, { gradients: [{}, { weights: null }], trace: [{}] }])
    await refused(
      { ...request, candidate },
      '/candidate',
      /^expected at least one array to compare: loss, outputs, gradients or trace$/,
    );
  await refused({ ...request, candidate: { loss: 1 }, tolerance: -1 }, '/tolerance', /expected/);
  await refused({ ...request, candidate: { loss: 1 }, include: [] }, '/include', /unknown/);
});

t.test('shapes, domains and numbers of the request itself', async (t) => {
  const app = await startApp();
  const request = { ...requestOf(tanhMse), candidate: { loss: 1 } };
  const { layers } = request.network;
  const shapes = await post(app, { ...request, batch: { ...request.batch, targets: [[1]] } });
  t.match(shapes.json(), { status: 422, type: '/problems/shape-mismatch' });
  const domain = await post(app, { ...request, loss: 'binary_cross_entropy' });
  t.match(domain.json(), { status: 422, type: '/problems/out-of-domain' });
  const huge = { layers: [{ ...layers[0], activation: 'exp', biases: [800, 1, 1, 1] }, ...layers.slice(1)] };
  t.match((await post(app, { ...request, network: huge })).json(), {
    status: 422,
    type: '/problems/non-finite-result',
    layer: 0,
  });
});
