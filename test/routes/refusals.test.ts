// Every kind of refusal: its status, its type and its pointers, and a right answer to the next request.
import t from 'tap';
import { activations } from '../../schemas/activation.ts';
import { losses } from '../../schemas/loss.ts';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import { post, startApp, validRequest } from '../support/app.ts';
import { SAFETENSORS } from '../support/safetensors-file.ts';

interface Refusal {
  readonly body: object | string | Buffer;
  readonly type: ProblemType;
  /** Each pointer with a part of its detail; none: the detail of the problem itself, under ''. */
  readonly errors?: Record<string, string>;
  readonly detail?: string;
  readonly headers?: Record<string, string>;
}

/** The valid request with the value at a JSON pointer replaced, or taken out if it is undefined. */
function withValue(pointer: string, value: unknown): object {
  const request = structuredClone(validRequest());
  const keys = pointer.slice(1).split('/');
  const last = keys.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: any place of any document
  const parent = keys.reduce((node: any, key) => node[key], request);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return request;
}

const text = (pointer: string, json: string) => JSON.stringify(withValue(pointer, '@')).replace('"@"', json);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const columnsOf = (inputs: number[][], targets: number[][]) => ({
  ...validRequest(),
  batch: { inputs, targets, samples: 'columns' },
});

/** The shortest request: one weight, one input, one target. */
const single = (weight: number, input: number, rest: object = {}, layer: object = {}) => ({
  network: { layers: [{ weights: [[weight]], ...layer }] },
  batch: { inputs: [[input]], targets: [[0]] },
  ...rest,
});

const classes = (targets: unknown, loss: unknown = 'cross_entropy', batch: object = {}) => ({
  network: { layers: [{ weights: [[1], [2], [3]] }] },
  batch: { inputs: [[1], [2]], targets, ...batch },
  loss,
});

const refusals: Record<string, Refusal> = {
  'an empty body': { body: '', type: 'malformed-body', detail: 'the body is empty' },
  'truncated JSON': {
    body: '{"network":\n {"layers": [',
    type: 'malformed-body',
    detail: 'line 2, column 14: close bracket expected, at the end of the text',
  },
  NaN: { body: '{"network": NaN}', type: 'malformed-body', detail: 'line 1, column 13: invalid symbol, at "NaN"' },
  Infinity: { body: text('/batch/inputs/0/0', '-Infinity'), type: 'malformed-body', detail: 'at "-Infinity"' },
  'a trailing comma': { body: '{"network": {},}', type: 'malformed-body', detail: 'line 1, column 16' },
  'a comment': { body: '{"network": 1 /* one */}', type: 'malformed-body', detail: 'line 1, column 15' },
  'single quotes': { body: "{'network': 1}", type: 'malformed-body', detail: 'line 1, column 2' },
  'two documents': { body: '{} {}', type: 'malformed-body', detail: 'line 1, column 4' },
  'no JSON at all': { body: 'network=1&batch=2', type: 'malformed-body', detail: 'line 1, column 1' },
  'bytes that are not UTF-8': { body: Buffer.from([0x22, 0xff, 0x22]), type: 'malformed-body', detail: 'not UTF-8' },
  'UTF-16': { body: Buffer.from('{"network": 1}', 'utf16le'), type: 'malformed-body', detail: 'line 1, column 2' },
  'nesting that never ends': {
    body: '['.repeat(100_000),
    type: 'malformed-body',
    detail: 'deeper than 32 (MAX_DEPTH), and they do not close',
  },

  null: { body: 'null', type: 'invalid-request', errors: { '': 'expected an object, got null' } },
  'a list': { body: '[]', type: 'invalid-request', errors: { '': 'expected an object, got a list' } },
  'a number': { body: '12', type: 'invalid-request', errors: { '': 'expected an object, got 12' } },
  'an empty object': {
    body: {},
    type: 'invalid-request',
    errors: { '/network': 'expected an object, but the key is missing', '/batch': 'expected an object, but the key is missing' },
  },
  '10,000-deep lists': { body: nested(10_000), type: 'invalid-request', errors: { '': 'nest deeper than 32 (MAX_DEPTH)' } },
  '10,000-deep weights': {
    body: text('/network/layers/0/weights', nested(10_000)),
    type: 'invalid-request',
    errors: { '': 'nest deeper than 32 (MAX_DEPTH)' },
  },
  '20-deep weights': {
    body: text('/network/layers/0/weights', nested(20)),
    type: 'invalid-request',
    errors: { '/network/layers/0/weights/0/0': 'expected a finite number, got a list' },
  },
  '20-deep include': {
    body: text('/include', nested(20)),
    type: 'invalid-request',
    errors: { '/include/0': 'got a list' },
  },
  'a missing key': {
    body: withValue('/batch/targets', undefined),
    type: 'invalid-request',
    errors: { '/batch/targets': 'missing' },
  },
  'missing weights': {
    body: withValue('/network/layers/1/weights', undefined),
    type: 'invalid-request',
    errors: { '/network/layers/1/weights': 'expected a list of lists, but the key is missing' },
  },
  'an unknown key': {
    body: withValue('/batch/sample_weight', [1, 1]),
    type: 'invalid-request',
    errors: {
      '/batch/sample_weight':
        'unknown key "sample_weight", nearest is "sample_weights"; there are inputs, targets, sample_weights, samples',
    },
  },
  'an unknown key at the top': {
    body: withValue('/lr', 1),
    type: 'invalid-request',
    errors: { '/lr': 'unknown key "lr"; there are network' },
  },
  'an unknown key with a slash and a tilde': {
    body: { ...validRequest(), 'a/b~c': 1 },
    type: 'invalid-request',
    errors: { '/a~1b~0c': 'unknown key "a/b~c"' },
  },
  'a __proto__ key': {
    body: text('/network/layers/0/weights', '[[1,2],[3,4]],"__proto__":{"activation":"relu"}'),
    type: 'invalid-request',
    errors: { '/network/layers/0/__proto__': 'unknown key "__proto__"' },
  },
  'a constructor key': {
    body: withValue('/batch/constructor', { prototype: {} }),
    type: 'invalid-request',
    errors: { '/batch/constructor': 'unknown key "constructor"' },
  },
  'a key that stands twice': {
    body: '{"network": {"layers": [{"weights": [[1]], "weights": [[2]]}]}, "loss": "l1",\n "loss": "mse", "a:b": 1}',
    type: 'invalid-request',
    errors: {
      '/network/layers/0/weights': 'the key stands twice, again at line 1, column 44',
      '/loss': 'the key stands twice, again at line 2, column 2',
    },
  },
  'a colon in a string, which is no key': {
    body: { 'a:b': { 'c:d': ':' } },
    type: 'invalid-request',
    errors: { '/a:b': 'unknown key "a:b"', '/network': 'missing', '/batch': 'missing' },
  },
  'a colon beyond deep lists': {
    body: `{"a":${nested(30)},"b":":"}`,
    type: 'invalid-request',
    errors: { '/a': 'unknown key', '/b': 'unknown key', '/network': 'missing', '/batch': 'missing' },
  },
  'options that contradict each other, beside other problems': {
    body: { ...validRequest(), x: 1, network: { layers: [{ weights: [[1, 2]], activation: { type: 'hardtanh', min_val: 2 } }] } },
    type: 'invalid-request',
    errors: { '/x': 'unknown key', '/network/layers/0/activation/max_val': 'expected at least min_val (2), got 1' },
  },
  'several problems, all at once': {
    body: { network: { layers: [{ weights: [['1']], biases: [null], activation: 'rellu' }] }, batch: { inputs: 5 }, extra: 1 },
    type: 'invalid-request',
    errors: {
      '/extra': 'unknown key',
      '/network/layers/0/weights/0/0': 'expected a finite number, got "1"',
      '/network/layers/0/biases/0': 'expected a finite number, got null',
      '/network/layers/0/activation': 'unknown activation "rellu", nearest is "relu"',
      '/batch/targets': 'missing',
      '/batch/inputs': 'expected a list of lists, got 5',
    },
  },
  'a number as a string': {
    body: withValue('/batch/inputs/0/1', '2'),
    type: 'invalid-request',
    errors: { '/batch/inputs/0/1': 'expected a finite number, got "2"' },
  },
  'null for a number': {
    body: withValue('/batch/inputs/1/0', null),
    type: 'invalid-request',
    errors: { '/batch/inputs/1/0': 'got null' },
  },
  'true for a number': {
    body: withValue('/batch/inputs/1/0', true),
    type: 'invalid-request',
    errors: { '/batch/inputs/1/0': 'got true' },
  },
  'a number beyond float64': {
    body: text('/network/layers/0/biases/1', '1e999'),
    type: 'invalid-request',
    errors: { '/network/layers/0/biases/1': 'expected a finite number, got a number beyond the range of float64' },
  },
  'a flat list of weights': {
    body: withValue('/network/layers/1/weights', [1, -1]),
    type: 'invalid-request',
    errors: { '/network/layers/1/weights/0': 'expected a list, got 1', '/network/layers/1/weights/1': 'expected a list, got -1' },
  },
  'null for biases': {
    body: withValue('/network/layers/0/biases', null),
    type: 'invalid-request',
    errors: { '/network/layers/0/biases': 'got null' },
  },
  'an object for a list': {
    body: withValue('/network/layers', {}),
    type: 'invalid-request',
    errors: { '/network/layers': 'expected a list, got an object' },
  },
  'no layers': {
    body: withValue('/network/layers', []),
    type: 'invalid-request',
    errors: { '/network/layers': 'at least 1 item, got none' },
  },
  'an empty matrix': {
    body: withValue('/batch/inputs', []),
    type: 'invalid-request',
    errors: { '/batch/inputs': 'at least 1 item, got none' },
  },
  'an empty row': {
    body: withValue('/batch/inputs', [[], []]),
    type: 'invalid-request',
    errors: { '/batch/inputs/0': 'got none', '/batch/inputs/1': 'got none' },
  },
  'empty targets': { body: withValue('/batch/targets', []), type: 'invalid-request', errors: { '/batch/targets': 'expected' } },
  'an unknown activation': {
    body: withValue('/network/layers/0/activation', 'ReLU'),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation': `nearest is "relu"; there are ${Object.keys(activations).join(', ')}` },
  },
  'an unknown activation with options': {
    body: withValue('/network/layers/0/activation', { type: 'leakyrelu', negative_slope: 0.1 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/type': 'unknown activation "leakyrelu", nearest is "leaky_relu"' },
  },
  'an activation without a type': {
    body: withValue('/network/layers/0/activation', { alpha: 1 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/type': 'but the key is missing' },
  },
  'an activation with a type that is no name': {
    body: withValue('/network/layers/0/activation', { type: 7 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/type': 'expected a name (identity, tanh' },
  },
  'an activation that is no activation': {
    body: withValue('/network/layers/0/activation', 7),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation': 'expected null or a name (identity, tanh' },
  },
  'an option for an activation that has none': {
    body: withValue('/network/layers/0/activation', { type: 'tanh', alpha: 1 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/alpha': 'unknown key "alpha" of tanh; there is type' },
  },
  "another activation's option": {
    body: withValue('/network/layers/0/activation', { type: 'elu', negative_slope: 0.1 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/negative_slope': 'unknown key "negative_slope" of elu; there are type, alpha' },
  },
  'an option that is a string': {
    body: withValue('/network/layers/0/activation', { type: 'elu', alpha: '1' }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/alpha': 'expected a finite number, got "1"' },
  },
  'an option that must be above its bound': {
    body: withValue('/network/layers/0/activation', { type: 'softplus', beta: 0 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/beta': 'expected more than 0, got 0' },
  },
  'an option below its bound': {
    body: withValue('/network/layers/0/activation', { type: 'hardshrink', lambd: -0.5 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/lambd': 'expected at least 0, got -0.5' },
  },
  'an option above its bound': {
    body: classes([0, 1], { type: 'cross_entropy', label_smoothing: 1.5 }),
    type: 'invalid-request',
    errors: { '/loss/label_smoothing': 'expected at most 1, got 1.5' },
  },
  'an option with an unknown name': {
    body: withValue('/network/layers/0/activation', { type: 'gelu', approximate: 'tan' }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/approximate': 'unknown name "tan", nearest is "tanh"; there are none, tanh' },
  },
  'options that contradict each other': {
    body: withValue('/network/layers/0/activation', { type: 'hardtanh', min_val: 2 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/max_val': 'expected at least min_val (2), got 1' },
  },
  'an unknown loss': {
    body: withValue('/loss', 'mae'),
    type: 'invalid-request',
    errors: { '/loss': `unknown loss "mae", nearest is "mse"; there are ${Object.keys(losses).join(', ')}` },
  },
  'null for the loss': { body: withValue('/loss', null), type: 'invalid-request', errors: { '/loss': 'expected a name (mse,' } },
  'an unknown reduction': {
    body: withValue('/loss', { type: 'l1', reduction: 'none' }),
    type: 'invalid-request',
    errors: { '/loss/reduction': 'there are mean, sum, batchmean' },
  },
  'a string for a boolean': {
    body: withValue('/loss', { type: 'kl_div', log_target: 'true' }),
    type: 'invalid-request',
    errors: { '/loss/log_target': 'expected true or false, got "true"' },
  },
  'an ignore_index that is no integer': {
    body: classes([0, 1], { type: 'nll', ignore_index: 0.5 }),
    type: 'invalid-request',
    errors: { '/loss/ignore_index': 'expected an integer, got 0.5' },
  },
  'an ignore_index beside class probabilities': {
    body: classes(
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
      { type: 'cross_entropy', ignore_index: 0 },
    ),
    type: 'invalid-request',
    errors: { '/loss/ignore_index': 'class indices' },
  },
  'an extra value that there is not': {
    body: withValue('/include', ['outputs', 'gradient']),
    type: 'invalid-request',
    errors: { '/include/1': 'unknown name "gradient"' },
  },
  'a name for a list of names': {
    body: withValue('/include', 'outputs'),
    type: 'invalid-request',
    errors: { '/include': 'expected a list, got "outputs"' },
  },
  'a very long name': {
    body: withValue('/network/layers/0/activation', 'x'.repeat(1_000_000)),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation': `unknown activation "${'x'.repeat(40)}…", nearest` },
  },
  'an unknown way to lay out samples': {
    body: withValue('/batch/samples', 'cols'),
    type: 'invalid-request',
    errors: { '/batch/samples': 'there are rows, columns' },
  },
  'class indices that are no integers': {
    body: classes([0, 1.5]),
    type: 'invalid-request',
    errors: { '/batch/targets/1': 'expected an integer (a class index; other targets are a list of rows), got 1.5' },
  },
  'rows and numbers mixed in the targets': {
    body: withValue('/batch/targets', [[1], 1]),
    type: 'invalid-request',
    errors: { '/batch/targets/1': 'expected a list, got 1' },
  },
  'targets that are no list': {
    body: withValue('/batch/targets', 1),
    type: 'invalid-request',
    errors: { '/batch/targets': 'expected a list of lists or a list, got 1' },
  },

  'a ragged matrix': {
    body: withValue('/network/layers/0/weights/1', [1, 2, 3]),
    type: 'shape-mismatch',
    errors: { '/network/layers/0/weights/1': 'expected 2 weights, as many as row 0 has, got 3' },
  },
  'layers that do not chain': {
    body: withValue('/network/layers/1/weights', [[1, 2, 3]]),
    type: 'shape-mismatch',
    errors: { '/network/layers/1/weights/0': 'expected 2 weights, one per output of layer 0, got 3' },
  },
  'too few biases': {
    body: withValue('/network/layers/0/biases', [1]),
    type: 'shape-mismatch',
    errors: { '/network/layers/0/biases': 'expected 2 biases, one per row of weights, got 1' },
  },
  'a sample with too many features': {
    body: withValue('/batch/inputs/1', [1, 2, 3]),
    type: 'shape-mismatch',
    errors: { '/batch/inputs/1': 'expected 2 values, one per input of layer 0, got 3' },
  },
  'too few targets': {
    body: withValue('/batch/targets', [[1]]),
    type: 'shape-mismatch',
    errors: { '/batch/targets': 'expected 2 rows, one per sample, got 1' },
  },
  'a target of another size': {
    body: withValue('/batch/targets/1', [1, 2]),
    type: 'shape-mismatch',
    errors: { '/batch/targets/1': 'expected 1 value, one per output of the last layer, got 2' },
  },
  'too many sample weights': {
    body: withValue('/batch/sample_weights', [1, 1, 1]),
    type: 'shape-mismatch',
    errors: { '/batch/sample_weights': 'expected 2 weights, one per sample, got 3' },
  },
  'columns that do not fit': {
    body: columnsOf(
      [
        [1, 2, 3],
        [1, 2],
        [1, 2, 3],
      ],
      [[1, 2]],
    ),
    type: 'shape-mismatch',
    errors: {
      '/batch/inputs': 'expected 2 rows, one per input of layer 0, got 3',
      '/batch/inputs/1': 'expected 3 values, one per sample, got 2',
      '/batch/targets/0': 'expected 3 values, one per sample, got 2',
    },
  },
  'class weights of another size': {
    body: classes([0, 1], { type: 'nll', weight: [1, 2] }),
    type: 'shape-mismatch',
    errors: { '/loss/weight': 'expected 3 weights, one per output of the last layer, got 2' },
  },
  'a pos_weight of another size': {
    body: withValue('/loss', { type: 'binary_cross_entropy_with_logits', pos_weight: [1, 2] }),
    type: 'shape-mismatch',
    errors: { '/loss/pos_weight': 'expected 1 weight, one per output of the last layer, got 2' },
  },
  'too few class indices': {
    body: classes([0]),
    type: 'shape-mismatch',
    errors: { '/batch/targets': 'expected 2 class indices, one per sample, got 1' },
  },
  'a flat list of targets where a matrix is wanted': {
    body: withValue('/batch/targets', [1, 2]),
    type: 'shape-mismatch',
    errors: { '/batch/targets': 'expected a matrix of targets for mse, got a flat list' },
  },
  'a matrix of targets where class indices are wanted': {
    body: classes(
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
      'nll',
    ),
    type: 'shape-mismatch',
    errors: { '/batch/targets': 'expected a list of class indices for nll, got a matrix' },
  },

  'class indices that are no class': {
    body: classes([3, -1]),
    type: 'out-of-domain',
    errors: {
      '/batch/targets/0': 'expected a class index from 0 to 2, or ignore_index (-100), got 3',
      '/batch/targets/1': 'got -1',
    },
  },
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
    errors: { '/batch/targets/1/0': 'expected a value from 0 to 1, got -1' },
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
    errors: { '/batch/targets/0/0': 'expected -1 or 1, got 0' },
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
    type: 'non-finite-result',
    detail: 'not finite from the step loss on',
    errors: { '/loss': 'per_sample_losses[0] is NaN, the first value that is not finite; the divisor is 0' },
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
  'a media type that only begins like JSON': {
    body: {},
    headers: { 'content-type': 'application/jsonl' },
    type: 'unsupported-media-type',
    detail: 'application/jsonl',
  },
  'a form': {
    body: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    type: 'unsupported-media-type',
    detail: 'application/json',
  },
  'a body that is compressed in an unknown way': {
    body: Buffer.from([0x1f, 0x8b]),
    headers: { 'content-encoding': 'compress' },
    type: 'unsupported-media-type',
    detail: 'expected no Content-Encoding, or zstd, br, gzip, got compress',
  },
  'a body that is compressed twice': {
    body: Buffer.from([0x1f, 0x8b]),
    headers: { 'content-encoding': 'gzip, br' },
    type: 'unsupported-media-type',
    detail: 'got gzip, br',
  },
  'an Accept that there is no answer for': {
    body: validRequest(),
    headers: { accept: 'text/csv, application/xml;q=0.5' },
    type: 'not-acceptable',
    detail: 'there is application/json, application/vnd.safetensors; Accept is text/csv',
  },
  'an Accept that excludes JSON, with a space and a charset': {
    body: validRequest(),
    headers: { accept: 'application/json; charset=utf-8; q=0' },
    type: 'not-acceptable',
    detail: 'there is application/json',
  },
  'an Accept that excludes JSON': {
    body: validRequest(),
    headers: { accept: 'application/json;q=0' },
    type: 'not-acceptable',
    detail: 'there is application/json',
  },
};

t.test('refusals', async (t) => {
  const app = await startApp(t);
  const right = (await post(app, validRequest())).body;
  for (const [name, { body, type, errors, detail, headers }] of Object.entries(refusals)) {
    const response = await post(app, body, headers);
    t.equal(response.headers['content-type'], 'application/problem+json', `${name}: a problem document`);
    const problem = response.json();
    const { status, title } = problems[type];
    t.match(problem, { type: `/problems/${type}`, title, status }, `${name}: ${type}`);
    t.equal(response.statusCode, status, `${name}: ${status}`);
    const pointers: string[] = (problem.errors ?? []).map((error: { pointer: string }) => error.pointer);
    t.strictSame(pointers.toSorted(), Object.keys(errors ?? {}).toSorted(), `${name}: its pointers`);
    for (const error of problem.errors ?? []) t.match(error.detail, errors?.[error.pointer], `${name}: ${error.pointer}`);
    if (detail) t.match(problem.detail, detail, `${name}: its detail`);
    t.equal((await post(app, validRequest())).body, right, `${name}: the next request has its answer`);
  }
});

t.test('a non-finite result names the layer and the step for programs', async (t) => {
  const app = await startApp(t);
  t.match((await post(app, single(1000, 1, {}, { activation: 'exp' }))).json(), { step: 'outputs', layer: 0 });
  const loss = (await post(app, single(1e160, 1))).json();
  t.match(loss, { step: 'loss' });
  t.notOk('layer' in loss);
});

t.test('20 errors at the most', async (t) => {
  const app = await startApp(t);
  const of = async (n: number) => (await post(app, withValue('/batch/inputs', [Array(n).fill('x')]))).json();
  t.equal((await of(20)).errors.length, 20);
  t.equal((await of(20)).detail, '20 problems in the request');
  t.equal((await of(21)).errors.length, 20);
  t.equal((await of(1000)).errors.length, 20);
  t.equal((await of(21)).detail, 'more than 20 problems in the request; the first 20 are listed');
  t.equal((await of(1)).detail, '1 problem in the request');
  const ragged = (await post(app, withValue('/network/layers/0/weights', [[1, 2], ...Array(30).fill([1])]))).json();
  t.equal(ragged.errors.length, 20);
  const layers = Array(30).fill({ weights: [[1]], activaton: 'tanh' });
  t.equal((await post(app, withValue('/network/layers', layers))).json().errors.length, 20);
  const targets = Array(30).fill([7]);
  const outside = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: targets, targets }, loss: 'hinge' };
  t.equal((await post(app, outside)).json().errors.length, 20);
});

t.test('a body of BODY_LIMIT bytes is read, one byte more is refused', async (t) => {
  const body = JSON.stringify(validRequest());
  const app = await startApp(t, { BODY_LIMIT: `${body.length}` });
  t.equal((await post(app, body)).statusCode, 200);
  const response = await post(app, `${body} `);
  t.equal(response.statusCode, 413);
  t.match(response.json(), { type: '/problems/body-too-large', detail: `expected at most ${body.length} bytes (BODY_LIMIT)` });
  t.equal((await post(app, body)).statusCode, 200);
});

t.test('what would not fit in MAX_MEMORY or MAX_ANSWER is refused before it is computed', async (t) => {
  const app = await startApp(t, { MAX_MEMORY: '2000000', MAX_ANSWER: '2000000' });
  const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));
  const large = {
    network: { layers: [{ weights: ones(100, 100) }] },
    batch: { inputs: ones(100, 100), targets: ones(100, 100) },
  };
  t.equal((await post(app, large)).statusCode, 200);
  // Per sample 100 x 101 parameters: computed, at 8 bytes, with the gradients and 600 values of the way; answered, at 32, with the gradients.
  const needed: [extra: string, type: string, bytes: number, limit: string][] = [
    ['per_sample_gradients', 'too-much-memory', 8 * (60_000 + 10_100 + 1_010_000), 'MAX_MEMORY'],
    ['trace', 'answer-too-large', 32 * (10_100 + 60_000), 'MAX_ANSWER'],
  ];
  for (const [name, type, bytes, limit] of needed) {
    const response = await post(app, { ...large, include: [name] });
    t.equal(response.statusCode, 413);
    const detail = `up to ${bytes} bytes, more than the limit of 2000000 (${limit}): ask for less in include, or send fewer samples`;
    t.match(response.json(), { type: `/problems/${type}`, errors: [{ pointer: '/include', detail }] });
  }
  const batch = { inputs: ones(1000, 100), targets: ones(1000, 100) };
  t.match((await post(app, { ...large, batch })).json(), { status: 413, errors: [{ pointer: '/batch/inputs' }] });
  const narrow = await startApp(t, { MAX_ANSWER: `${32 * 10_100}` });
  t.equal((await post(narrow, large)).statusCode, 200);
  for (const name of ['outputs', 'input_gradients', 'per_sample_losses']) {
    t.equal((await post(narrow, { ...large, include: [name] })).statusCode, 413, name);
    // A number of an answer in safetensors takes a quarter of that.
    t.equal((await post(narrow, { ...large, include: [name] }, { accept: SAFETENSORS })).statusCode, 200, name);
  }
});

t.test('a byte order mark, a charset and letter case do no harm', async (t) => {
  const app = await startApp(t);
  const right = (await post(app, validRequest())).body;
  t.equal((await post(app, `\u{feff}${JSON.stringify(validRequest())}`)).body, right);
  t.equal((await post(app, validRequest(), { 'content-type': 'Application/JSON; charset=UTF-8' })).body, right);
  t.equal((await post(app, validRequest(), { accept: 'text/html, application/*;q=0.1' })).body, right);
  t.equal((await post(app, validRequest(), { accept: 'application/json; charset=utf-8;q=0.9, text/html' })).body, right);
  t.equal(
    (await post(app, validRequest(), { accept: 'text/html; level="1,2;3", application/json; profile="a;b, c"; q=0.5' })).body,
    right,
  );
  t.equal((await post(app, validRequest(), { accept: '' })).body, right);
  t.equal((await post(app, validRequest(), { 'content-encoding': 'Identity' })).body, right);
});

t.test('a body without a Content-Type, and no body at all', async (t) => {
  const app = await startApp(t);
  const untyped = await app.inject({ method: 'POST', url: '/gradients', headers: { 'content-type': '' }, payload: '{}' });
  t.match(untyped.json(), { status: 415, detail: 'got none' });
  t.match((await app.inject({ method: 'POST', url: '/gradients' })).json(), { status: 400, detail: 'the body is empty' });
});
