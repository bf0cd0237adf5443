// Trainings by requests to the service: XOR, a spiral and a dataset are learned; what is kept is enough to go on.
import t from 'tap';
import { examples } from '../../../schemas/examples.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { withSizes } from '../../../src/page/request/build.ts';
import { generators, withData } from '../../../src/page/train/data.ts';
import { advanced, begun, requestOfStep, type Settings, type Source, type Training } from '../../../src/page/train/training.ts';
import { gradients, startApp } from '../../support/app.ts';

const article: GradientsRequest = examples.article.request;

t.test('XOR and a spiral are learned', async (t) => {
  const app = await startApp();
  const learn = async (request: GradientsRequest, settings: Settings, steps: number, source?: Source) => {
    let training = begun(request.network);
    for (let i = 0; i < steps; i++)
      training = advanced(training, await gradients(app, requestOfStep(training, request, settings, source)), settings);
    return training;
  };
  const fresh = (sizes: number[]) => ({
    ...article,
    network: withSizes({ ...article, network: { layers: [{ weights: [[0]], biases: [0] }] } }, sizes).network,
  });
  const xor = withData(fresh([2, 4, 1]), generators.xor({ samples: 4, noise: 0, seed: 1 }));
  const learned = await learn(xor, { optimizer: 'adam', rate: 0.1, batchSize: 4 }, 100);
  t.ok((learned.losses.at(-1) as number) < 0.05, `XOR: ${learned.losses.at(-1)}`);
  t.equal(learned.start, xor.network, 'the weights of step 0 are kept');
  const spiral = withData(fresh([2, 12, 8, 1]), generators.spiral({ samples: 60, noise: 0, seed: 1 }));
  const batches = await learn(spiral, { optimizer: 'adam', rate: 0.03, batchSize: 20 }, 600);
  t.ok((await gradients(app, { ...spiral, network: batches.network })).loss < 0.1, 'spiral');
});

t.test('a step asks only for what it needs; mini-batches and datasets', async (t) => {
  const training = begun(article.network);
  const settings: Settings = { optimizer: 'momentum', rate: 0.1, batchSize: 1 };
  const one = requestOfStep(training, { ...article, include: ['trace'] }, settings, undefined);
  t.strictSame([one.include, one.batch.inputs.map((row) => row.length)], [undefined, [1, 1]]);
  const source = { dataset: 'digits', samples: 100 };
  t.strictSame(requestOfStep(training, article, { ...settings, batchSize: 100 }, source).batch, { dataset: 'digits' });
  t.equal(
    (requestOfStep(training, article, { ...settings, batchSize: 10 }, source).batch as { indices?: number[] }).indices?.length,
    10,
  );
});

t.test('a training that was kept goes on as if it had not been interrupted', async (t) => {
  const answer = examples.article.answer;
  const settings: Settings = { optimizer: 'adam', rate: 0.1, batchSize: 2 };
  const first = advanced(begun(article.network), answer, settings);
  const kept: Training = JSON.parse(JSON.stringify(first));
  t.strictSame(advanced(kept, answer, settings), advanced(first, answer, settings));
});

t.test('the curve of a long training has a bounded number of points', async (t) => {
  const network = { layers: [{ weights: [[1]] }] };
  let training = begun(network);
  const settings: Settings = { optimizer: 'gradient_descent', rate: 0, batchSize: 1 };
  for (let loss = 0; loss < 2500; loss++) training = advanced(training, { loss, gradients: [{ weights: [[0]] }] }, settings);
  t.equal(training.memory.steps, 2500);
  t.equal(training.stride, 4);
  t.strictSame(
    training.losses,
    Array.from({ length: 625 }, (_, i) => 4 * i),
    'every fourth loss',
  );
});
