// Inconsistent shapes.
import t from 'tap';
import { checkRefusals, classes, columnsOf, type Refusal, withValue } from '../support/refusals.ts';

const refusals: Record<string, Refusal> = {
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
    errors: { '/batch/targets': 'expected a matrix of targets for mse, one row per sample: [[1], [2]], got a flat list' },
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
    errors: { '/batch/targets': 'expected a list of class indices for nll, got a matrix: write [0, 1]' },
  },
  'class indices that are no class': {
    body: classes([3, -1]),
    type: 'out-of-domain',
    errors: {
      '/batch/targets/0': 'expected a class index from 0 to 2, or ignore_index (-100), got 3',
      '/batch/targets/1': 'got -1',
    },
  },
};

t.test('refusals', (t) => checkRefusals(t, refusals));
