// Values outside their domains, and non-finite results.
import t from 'tap';
import { post, startApp, validRequest } from '../support/app.ts';
import { checkRefusals, classes, type Refusal, single, withValue } from '../support/refusals.ts';

const refusals: Record<string, Refusal> = {
  'class probabilities beyond 1': {
    body: classes([
      [0, 2, 0],
      [0, 1, 0],
    ]),
    type: 'out-of-domain',
    errors: { '/batch/targets/0/1': 'expected a value from 0 to 1, got 2' },
  },
  'targets beyond 0..1': {
    body: { ...validRequest(), loss: 'binary_cross_entropy_with_logits' },
    type: 'out-of-domain',
    errors: { '/batch/targets': 'expected 0 to 1, got -1 and 1: write 0 in place of -1' },
  },
  'outputs beyond 0..1': {
    body: single(3, 1, { loss: 'binary_cross_entropy' }),
    type: 'out-of-domain',
    errors: { '/network/layers/0': 'a value from 0 to 1, for binary_cross_entropy, got 3 for sample 0, unit 0' },
  },
  'rates below 0': {
    body: single(-3, 1, { loss: { type: 'poisson_nll', log_input: false } }),
    type: 'out-of-domain',
    errors: { '/network/layers/0': 'a rate, above -eps (-1e-8), for poisson_nll, got -3' },
  },
  'labels 0 and 1 for a hinge': {
    body: { ...validRequest(), batch: { ...validRequest().batch, targets: [[0], [1]] }, loss: 'hinge' },
    type: 'out-of-domain',
    errors: { '/batch/targets': 'expected -1 or 1, got 0 and 1: write -1 in place of 0' },
  },
  'a negative count': {
    body: { ...validRequest(), loss: 'poisson_nll' },
    type: 'out-of-domain',
    errors: { '/batch/targets/1/0': 'expected a count, at least 0, got -1' },
  },
  'the logarithm of more than 1': {
    body: { ...validRequest(), loss: { type: 'kl_div', log_target: true } },
    type: 'out-of-domain',
    errors: { '/batch/targets/0/0': 'expected the logarithm of a probability, at most 0, got 1' },
  },
  'sample weights below 0': {
    body: withValue('/batch/sample_weights', [-1, 2]),
    type: 'out-of-domain',
    errors: { '/batch/sample_weights/0': 'expected a weight, at least 0, got -1' },
  },
  'sample weights that are all 0': {
    body: withValue('/batch/sample_weights', [0, 0]),
    type: 'out-of-domain',
    errors: { '/batch/sample_weights': 'got only zeros' },
  },
  'class weights below 0': {
    body: classes([0, 1], { type: 'cross_entropy', weight: [1, -1, 1] }),
    type: 'out-of-domain',
    errors: { '/loss/weight/1': 'expected a weight, at least 0, got -1' },
  },
  'pre-activations that are not finite': {
    body: single(1e200, 1e200),
    type: 'non-finite-result',
    detail: 'not finite from the step pre_activations of layer 0 on',
    errors: { '/network/layers/0': 'pre_activations[0][0] of layer 0 is Infinity' },
  },
  'outputs that are not finite': {
    body: single(1000, 1, {}, { activation: 'exp' }),
    type: 'non-finite-result',
    detail: 'not finite from the step outputs of layer 0 on',
    errors: { '/network/layers/0': 'outputs[0][0] of layer 0 is Infinity' },
  },
  'a loss that is not finite': {
    body: single(1e160, 1),
    type: 'non-finite-result',
    detail: 'not finite from the step loss on',
    errors: { '/loss': 'per_sample_losses[0] is Infinity' },
  },
  'a sum of finite losses that is not finite': {
    body: {
      network: { layers: [{ weights: [[1e308]] }] },
      batch: { inputs: [[1], [1]], targets: [[0], [0]] },
      loss: { type: 'l1', reduction: 'sum' },
    },
    type: 'non-finite-result',
    detail: 'not finite from the step loss on',
    errors: { '/loss': 'loss is Infinity' },
  },
  'a divisor that is not finite': {
    body: {
      network: { layers: [{ weights: [[1]] }] },
      batch: { inputs: [[1], [1]], targets: [[0], [0]], sample_weights: [1e308, 1e308] },
    },
    type: 'non-finite-result',
    detail: 'not finite from the step loss on',
    errors: { '/loss': 'divisor is Infinity' },
  },
  'a mean over nothing': {
    body: classes([-100, -100]),
    type: 'out-of-domain',
    detail: 'every sample has the weight 0 or an ignored target, so the divisor is 0: leave this part of the data out',
    errors: { '/batch/targets': 'every sample has the weight 0 or an ignored target' },
  },
  'gradients that are not finite': {
    body: {
      network: { layers: [1e-300, 1e200, 1e200].map((weight) => ({ weights: [[weight]], biases: [0] })) },
      batch: { inputs: [[1]], targets: [[0]] },
      loss: 'l1',
    },
    type: 'non-finite-result',
    detail: 'not finite from the step gradients of layer 1 on',
    errors: { '/network/layers/1': 'input_gradients[0][0] of layer 1 is Infinity' },
  },
  'a norm that is not finite': {
    body: {
      network: { layers: [{ weights: [[0], [0]] }] },
      batch: { inputs: [[1.7e308]], targets: [[-1, -1]] },
      loss: { type: 'l1', reduction: 'sum' },
      include: ['gradient_norms'],
    },
    type: 'non-finite-result',
    detail: 'a norm of gradients is beyond the largest float64',
    errors: { '/include': 'a norm of gradients' },
  },
  'another media type': {
    body: 'a: 1',
    headers: { 'content-type': 'application/yaml' },
    type: 'unsupported-media-type',
    detail: 'expected the Content-Type application/json or application/vnd.safetensors, got application/yaml',
  },
};

t.test('refusals', (t) => checkRefusals(t, refusals));

t.test('a non-finite result has the layer and the step as members', async (t) => {
  const app = await startApp();
  t.match((await post(app, single(1000, 1, {}, { activation: 'exp' }))).json(), { step: 'outputs', layer: 0 });
  const loss = (await post(app, single(1e160, 1))).json();
  t.match(loss, { step: 'loss' });
  t.notOk('layer' in loss);
});
