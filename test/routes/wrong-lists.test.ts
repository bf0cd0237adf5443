// Lists and scalars of a wrong kind: one error for a list that is wrong throughout, and what to write instead.
import t from 'tap';
import { post, startApp } from '../support/app.ts';
import { checkTexts, withValue } from '../support/refusals.ts';
import { file, SAFETENSORS } from '../support/safetensors-file.ts';

const WEIGHTS = '/network/layers/0/weights';
const BIASES = '/network/layers/0/biases';
const INPUTS = '/batch/inputs';
const TARGETS = '/batch/targets';
const filled = (n: number, value: unknown) => Array(n).fill(value);

/** A valid request with another value at a pointer, and the texts of its errors; a single one is at that pointer. */
const cases: [name: string, pointer: string, value: unknown, errors: string | Record<string, string>][] = [
  ['flat weights', WEIGHTS, filled(784, 0.1), 'expected rows (lists of 2 numbers), got a flat list of 784 numbers'],
  [
    'flat weights of one row',
    WEIGHTS,
    [1, 2],
    'expected rows (lists of 2 numbers), got a flat list of 2 numbers: write [[1, 2]]',
  ],
  [
    'flat weights of a later layer',
    '/network/layers/1/weights',
    [1, 2, 3],
    'expected rows (lists of 2 numbers), got a flat list of 3 numbers',
  ],
  ['flat inputs', INPUTS, [1, 2, 3, 4], 'expected rows (lists of 2 numbers), got a flat list of 4 numbers'],
  ['one number for inputs', INPUTS, [3], 'expected rows (lists of 2 numbers), got a flat list of 1 number'],
  ['a number for a matrix', INPUTS, 5, 'expected a list of lists, got 5: write [[5]]'],
  ['a number for a list', BIASES, 0.1, 'expected a list, got 0.1: write [0.1]'],
  ['false for a list', BIASES, false, 'expected a list, got false: leave the key out'],
  ['a column for a list', BIASES, [[0.1], [0.2]], 'expected a list of numbers, got 2 rows of 1: write a flat list, [0.1, 0.2]'],
  ['a row for a list', BIASES, [[1, 2, 3, 4]], 'expected a list of numbers, got 1 row of 4: write a flat list, [1, 2, 3, ...]'],
  ['a matrix for a list', BIASES, filled(2, [1, 2]), 'expected a list of numbers, got 2 rows of 2'],
  ['a ragged matrix for a list', BIASES, [[1, 2], [3]], 'expected finite numbers, got only lists: leave out a pair of brackets'],
  ['three dimensions', INPUTS, [[[1, 2]], [[3, 4]]], 'expected finite numbers, got only lists: leave out a pair of brackets'],
  [
    'strings throughout',
    INPUTS,
    filled(30, ['1', '2']),
    'expected finite numbers, got only strings, such as "1": write them without quotes',
  ],
  [
    'strings in one row',
    INPUTS,
    [
      [1, 2],
      ['x', 'y'],
    ],
    { [`${INPUTS}/1`]: 'expected finite numbers, got only strings, such as "x"' },
  ],
  [
    'one string',
    INPUTS,
    [
      [1, '2'],
      [3, 4],
    ],
    { [`${INPUTS}/0/1`]: 'expected a finite number, got "2": write it without quotes' },
  ],
  [
    'strings for rows',
    INPUTS,
    ['[1, 2]', '[3, 4]'],
    'expected rows (lists of numbers), got only strings, such as "[1, 2]": write them without quotes',
  ],
  ['null throughout', INPUTS, filled(30, [null, null]), 'expected finite numbers, got only null'],
  ['null for rows', INPUTS, [null, null], 'expected rows (lists of numbers), got only null'],
  ['booleans throughout', BIASES, [true, false], 'expected finite numbers, got only booleans'],
  ['objects for rows', INPUTS, [{ x: 1 }, { x: 2 }], 'expected rows (lists of numbers), got only objects'],
  ['empty rows', INPUTS, [[], [], []], 'expected at least 1 number in each row, got only empty rows'],
  ['an empty row', INPUTS, [[1, 2], []], { [`${INPUTS}/1`]: 'expected at least 1 item, got none' }],
  ['one empty row', INPUTS, [[]], { [`${INPUTS}/0`]: 'expected at least 1 item, got none' }],
  ['an empty list', BIASES, [], 'expected at least 1 item, got none'],
  ['a number beside rows', INPUTS, [1, [1, 2]], { [`${INPUTS}/0`]: 'expected a list, got 1' }],
  ['strings of NaN', BIASES, ['NaN', 1], { [`${BIASES}/0`]: 'expected a finite number, got "NaN": every number must be finite' }],
  ['flat targets', TARGETS, [0.5, -1.5], 'expected one row per sample: [[0.5], [-1.5]], got a flat list'],
  ['many flat targets', TARGETS, filled(30, 0.5), 'expected one row per sample: [[0.5], [0.5], [0.5], ...], got a flat list'],
  [
    'strings as targets',
    TARGETS,
    ['cat', 'dog'],
    'expected integers (a class index; other targets are a list of rows), got only strings, such as "cat"',
  ],
  ['a list in a string', BIASES, '[1, 2]', 'expected a list, got "[1, 2]": write it without quotes'],
  [
    'an object in a string',
    '/network',
    '{"layers": []}',
    'expected an object, got "{\\"layers\\": []}": write it without quotes',
  ],
  ['an object for a list', '/network/layers', { weights: [[1, 2]] }, 'expected a list, got an object: write [{...}]'],
  ['a name for a list', '/include', 'outputs', 'expected a list, got "outputs": write ["outputs"]'],
  [
    'a number in a string',
    '/loss',
    { type: 'huber', delta: '0.5' },
    { '/loss/delta': 'expected a finite number, got "0.5": write it without quotes' },
  ],
  [
    'a boolean in a string',
    '/loss',
    { type: 'kl_div', log_target: 'True' },
    { '/loss/log_target': 'expected true or false, got "True": write it without quotes' },
  ],
  ['1 for true', '/loss', { type: 'kl_div', log_target: 1 }, { '/loss/log_target': 'expected true or false, got 1: write true' }],
  [
    '0 for false',
    '/loss',
    { type: 'kl_div', log_target: 0 },
    { '/loss/log_target': 'expected true or false, got 0: write false' },
  ],
  [
    'null for a required list',
    INPUTS,
    null,
    'expected a list of lists, or the name of a dataset under the key dataset, but both keys are missing',
  ],
];

t.test('lists that are wrong throughout, and values of a wrong type', (t) =>
  checkTexts(
    t,
    Object.fromEntries(
      cases.map(([name, pointer, value, errors]) => [
        name,
        [withValue(pointer, value), typeof errors === 'string' ? { [pointer]: errors } : errors],
      ]),
    ),
  ),
);

const fractions = (rest: object) => ({ ...withValue(TARGETS, [0.5, 1.5]), ...rest });
const classes =
  'expected integers (a class index; other targets are a list of rows), got only numbers that are no integers, such as 0.5';

t.test('what flat lists should be depends on the rest of the request', (t) =>
  checkTexts(t, {
    'a list that hides no other error': [
      { ...withValue(WEIGHTS, filled(784, 0.1)), lss: 'mse' },
      {
        '/lss': 'unknown key "lss", nearest is "loss"',
        [WEIGHTS]: 'expected rows (lists of 2 numbers), got a flat list of 784 numbers',
      },
    ],
    'inputs in columns': [
      withValue('/batch', { inputs: [1, 2, 3], targets: [[1]], samples: 'columns' }),
      { [INPUTS]: 'expected rows (lists of numbers), got a flat list of 3 numbers' },
    ],
    'weights, and inputs in columns': [
      { network: { layers: [{ weights: [1, 2] }] }, batch: { inputs: [[1, 2, 3]], targets: [[1]], samples: 'columns' } },
      { [WEIGHTS]: 'expected rows (lists of 1 number), got a flat list of 2 numbers' },
    ],
    'weights, and inputs that are missing': [
      { network: { layers: [{ weights: [1] }] }, batch: { targets: [[1]] } },
      {
        [INPUTS]: 'expected a list of lists, or the name of a dataset under the key dataset, but both keys are missing',
        [WEIGHTS]: 'expected rows (lists of numbers), got a flat list of 1 number: write [[1]]',
      },
    ],
    'fractions as classes': [fractions({ loss: 'cross_entropy' }), { [TARGETS]: classes }],
    'fractions as classes, with options': [fractions({ loss: { type: 'nll' } }), { [TARGETS]: classes }],
    'fractions with an unknown loss': [
      fractions({ loss: 'mea' }),
      {
        [TARGETS]: 'expected one row per sample: [[0.5], [1.5]], got a flat list',
        '/loss': 'unknown loss "mea", nearest is "mae", which is l1 here',
      },
    ],
    'a fraction among targets': [
      { ...withValue(TARGETS, [0, 1.5]), loss: 'l1' },
      { [TARGETS]: 'expected one row per sample: [[0], [1.5]], got a flat list' },
    ],
  }),
);

t.test('a flat list beyond the errors that are listed is not listed either', async (t) => {
  const app = await startApp();
  const surplus = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, 0]));
  const request = JSON.stringify({ ...withValue(WEIGHTS, [1, 2]), ...surplus });
  const body = file({ __metadata__: { request } }, Buffer.alloc(0));
  for (const [sent, type] of [
    [request, 'application/json'],
    [body, SAFETENSORS],
  ] as const) {
    const { errors } = (await post(app, sent, { 'content-type': type })).json();
    t.strictSame(
      errors.map(({ pointer }: { pointer: string }) => pointer),
      Object.keys(surplus)
        .slice(0, 20)
        .map((key) => `/${key}`),
    );
  }
});
