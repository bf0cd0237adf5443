// Class indices: under the key classes, or as a flat list of targets.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { gradients, post, startApp } from '../support/app.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const network: GradientsRequest['network'] = { layers: [{ weights: [[1], [2], [-1]], biases: [0, 1, 0] }] };
const inputs = [[1], [-2], [0.5]];
const document = (batch: object): object => ({ network, batch: { inputs, ...batch }, loss: 'cross_entropy' });

t.test('classes mean the same as a flat list of targets, in JSON and in safetensors', async (t) => {
  const app = await startApp();
  const expected = await gradients(app, document({ targets: [2, 0, -100] }) as GradientsRequest);
  t.strictSame(await gradients(app, document({ classes: [2, 0, -100] }) as GradientsRequest), expected);
  t.strictSame(
    await gradients(app, document({ classes: [2, 0, -100], targets: null }) as GradientsRequest),
    expected,
    'null is missing',
  );
  const columns = document({ inputs: [[1, -2, 0.5]], classes: [2, 0, -100], samples: 'columns' });
  t.strictSame((await post(app, columns)).json(), expected, 'they are no matrix, so columns do not turn them');
  for (const key of ['classes', 'targets']) {
    const response = await post(app, fileOf(document({ [key]: [2, 0, -100] })), { 'content-type': SAFETENSORS });
    t.strictSame(response.json(), expected, `safetensors, ${key}`);
  }
});

t.test('both, none, and wrong ones', async (t) => {
  const app = await startApp();
  const wrong: [batch: object, status: number, pointer: string, detail: string | RegExp][] = [
    [{ targets: [0, 1, 2], classes: [0, 1, 2] }, 400, '/batch/classes', 'expected either targets or classes, got both'],
    [{}, 400, '/batch/targets', 'expected targets, or class indices under the key classes, but both keys are missing'],
    [{ classes: [0, 1] }, 422, '/batch/classes', 'expected 3 class indices, one per sample, got 2'],
    [{ classes: [0, 1, 3] }, 422, '/batch/classes/2', /^expected a class index from 0 to 2/],
    [{ classes: [0, 1, 0.5] }, 400, '/batch/classes/2', 'expected an integer (a class index), got 0.5'],
  ];
  for (const [batch, status, pointer, detail] of wrong) {
    const response = await post(app, document(batch));
    t.equal(response.statusCode, status, pointer);
    t.match(response.json().errors[0], { pointer, detail });
  }
  const mse = await post(app, { network, batch: { inputs, classes: [0, 1, 2] } });
  t.match(mse.json(), {
    errors: [
      {
        pointer: '/batch/classes',
        detail: /^expected a matrix of targets for mse, .* class indices are for cross_entropy and nll$/,
      },
    ],
  });
});

t.test('the documentation shows targets as a matrix only', async (t) => {
  const app = await startApp();
  const { properties, required } = (await app.inject({ url: '/openapi.json' })).json().components.schemas.Batch;
  t.match(properties.targets, { type: ['array', 'null'], items: { type: 'array', items: { type: 'number' } } });
  t.notOk(properties.targets.anyOf);
  t.match(properties.classes, { type: ['array', 'null'], items: { type: 'integer' } });
  t.equal(required, undefined, 'a batch may be in a dataset');
});
