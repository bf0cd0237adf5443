// Documents that do not fit the schema: keys, types, lists and numbers.
import t from 'tap';
import { post, startApp, validRequest } from '../support/app.ts';
import { checkRefusals, nested, type Refusal, text, withValue } from '../support/refusals.ts';

const refusals: Record<string, Refusal> = {
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
        'unknown key "sample_weight": it is sample_weights here; there are inputs, targets, classes, sample_weights, samples',
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
      '/a:b': 'unknown key "a:b"',
      '/batch': 'missing',
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
      '/network/layers/0/activation': 'unknown activation "rellu", nearest is "relu"; there are identity',
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
    errors: { '/network/layers/1/weights': 'expected rows (lists of 2 numbers), got a flat list of 2 numbers: write [[1, -1]]' },
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
    errors: { '/batch/inputs': 'expected at least 1 number in each row, got only empty rows' },
  },
  'empty targets': { body: withValue('/batch/targets', []), type: 'invalid-request', errors: { '/batch/targets': 'expected' } },
};

t.test('refusals', (t) => checkRefusals(t, refusals));

t.test('at most 20 errors', async (t) => {
  const app = await startApp();
  const of = async (n: number) => (await post(app, withValue('/batch/inputs', [[1, ...Array(n).fill('x')]]))).json();
  t.equal((await of(20)).errors.length, 20);
  t.equal((await of(20)).detail, '20 problems in the request');
  t.equal((await of(21)).errors.length, 20);
  t.equal((await of(1000)).errors.length, 20);
  t.equal((await of(21)).detail, 'more than 20 problems in the request; the first 20 are listed');
  t.equal((await of(1)).detail, '1 problem in the request');
  const ragged = (
    await post(app, withValue('/network/layers/0/weights', [...Array(40).fill([1, 2]), ...Array(30).fill([1])]))
  ).json();
  t.equal(ragged.errors.length, 20);
  const layers = Array(30).fill({ weights: [[1]], activaton: 'tanh' });
  t.equal((await post(app, withValue('/network/layers', layers))).json().errors.length, 20);
  const targets = Array(30).fill([7]);
  const outside = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: targets, targets }, loss: 'hinge' };
  t.equal((await post(app, outside)).json().errors.length, 20);
});
