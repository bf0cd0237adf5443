// Names and options of activations and losses that do not fit the schema.
import t from 'tap';
import { activations } from '../../schemas/activation.ts';
import { losses } from '../../schemas/loss.ts';
import { checkRefusals, classes, type Refusal, withValue } from '../support/refusals.ts';

const refusals: Record<string, Refusal> = {
  'a penalty out of range': {
    body: withValue('/penalty', { l1: -1, l2: -0.5, biases: 1 }),
    type: 'invalid-request',
    errors: {
      '/penalty/l1': 'expected at least 0, got -1',
      '/penalty/l2': 'expected at least 0, got -0.5',
      '/penalty/biases': 'expected true or false, got 1: write true',
    },
  },
  'a number for a penalty': {
    body: withValue('/penalty', 0.01),
    type: 'invalid-request',
    errors: { '/penalty': 'expected an object, got 0.01: write {"l2": 0.01}' },
  },
  'a name for a penalty': {
    body: withValue('/penalty', 'l2'),
    type: 'invalid-request',
    errors: { '/penalty': 'expected an object, got "l2": write {"l2": ...}' },
  },
  'another name for a penalty': {
    body: withValue('/penalty', 'ridge'),
    type: 'invalid-request',
    errors: { '/penalty': 'expected an object, got "ridge"' },
  },
  'an unknown activation': {
    body: withValue('/network/layers/0/activation', 'ReLU'),
    type: 'invalid-request',
    errors: {
      '/network/layers/0/activation': `unknown activation "ReLU": it is relu here; there are ${Object.keys(activations).join(', ')}`,
    },
  },
  'an unknown activation with options': {
    body: withValue('/network/layers/0/activation', { type: 'leakyrelu', negative_slope: 0.1 }),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation/type': 'unknown activation "leakyrelu": it is leaky_relu here' },
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
    errors: { '/network/layers/0/activation/alpha': 'expected a finite number, got "1": write it without quotes' },
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
    errors: { '/loss': `unknown loss "mae": it is l1 here; there are ${Object.keys(losses).join(', ')}` },
  },
  'an unknown reduction': {
    body: withValue('/loss', { type: 'l1', reduction: 'none' }),
    type: 'invalid-request',
    errors: {
      '/loss/reduction':
        'unknown name "none": for the loss of each sample, write "include": ["per_sample_losses"]; there are mean',
    },
  },
  'a string for a boolean': {
    body: withValue('/loss', { type: 'kl_div', log_target: 'true' }),
    type: 'invalid-request',
    errors: { '/loss/log_target': 'expected true or false, got "true": write it without quotes' },
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
    errors: { '/include': 'expected a list, got "outputs": write ["outputs"]' },
  },
  'a very long name': {
    body: withValue('/network/layers/0/activation', 'x'.repeat(1_000_000)),
    type: 'invalid-request',
    errors: { '/network/layers/0/activation': `unknown activation "${'x'.repeat(40)}…"; there are` },
  },
  'an unknown way to lay out samples': {
    body: withValue('/batch/samples', 'cols'),
    type: 'invalid-request',
    errors: { '/batch/samples': 'unknown name "cols": it is columns here; there are rows, columns' },
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
    errors: { '/batch/targets': 'expected a list of lists or a list, got 1: write [[1]]' },
  },
  'a ragged matrix': {
    body: withValue('/network/layers/0/weights/1', [1, 2, 3]),
    type: 'shape-mismatch',
    errors: { '/network/layers/0/weights/1': 'expected 2 weights, as many as row 0 has, got 3' },
  },
};

t.test('refusals', (t) => checkRefusals(t, refusals));
