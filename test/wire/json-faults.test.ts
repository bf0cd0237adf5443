// Tokens that JSON does not have: what to write instead, and the pointer of the value.
import t from 'tap';
import { post, startApp } from '../support/app.ts';

const request = (weights: string, rest = '') =>
  `{"network":{"layers":[{"weights":${weights}${rest}}]},"batch":{"inputs":[[1,2]],"targets":[[1]]}}`;
const WEIGHTS = '/network/layers/0/weights';

const NUMBER = 'JSON has no such numbers: write decimal digits only';
const FUNCTIONS = 'JSON has no functions: write lists in square brackets';
const QUOTES = 'JSON has no strings in single quotes: write them in double quotes';
const NO_QUOTES = 'JSON has no keys without quotes: write them in double quotes; if a shell takes these away, send a file';
const POINT_FIRST = 'JSON has no numbers that begin with a point: write a 0 before it';
const VALUE = 'JSON has no such value: write null, or leave the key out';

const cases: [body: string, pointer: string, text: string][] = [
  ...['NaN', 'nan', '-NaN'].map((token): [string, string, string] => [
    request(`[[1,2],[3,${token}]]`),
    `${WEIGHTS}/1/1`,
    'JSON has no NaN: every number must be finite',
  ]),
  ...['Infinity', '-Infinity', 'inf', '-Inf', '∞'].map((token): [string, string, string] => [
    request(`[[${token}]]`),
    `${WEIGHTS}/0/0`,
    'JSON has no Infinity: every number must be finite',
  ]),
  ...['None', 'NA', 'NA_real_', 'undefined', 'NULL', 'nil'].map((token): [string, string, string] => [
    request('[[1,2]]', `,"biases":${token}`),
    '/network/layers/0/biases',
    VALUE,
  ]),
  ...['1L', '0x1F', '1_000', '1.5f', '1e5x', '1j'].map((token): [string, string, string] => [
    request(`[[1,${token}]]`),
    `${WEIGHTS}/0/1`,
    NUMBER,
  ]),
  [request('[[1,02]]'), `${WEIGHTS}/0/1`, 'JSON has no leading zeros'],
  [request('[[1,.5]]'), `${WEIGHTS}/0/1`, POINT_FIRST],
  [request('[[1,-.5]]'), `${WEIGHTS}/0/1`, POINT_FIRST],
  [request('[[1,5.]]'), `${WEIGHTS}/0/1`, 'JSON has no numbers that end in a point: write a 0 after it, or leave it out'],
  [request('[[1,+5]]'), `${WEIGHTS}/0/1`, 'JSON has no plus signs before numbers: leave them out'],
  [request('[[1,2],]'), WEIGHTS, 'JSON has no trailing comma'],
  [request('[[1,2,],[3,4]]'), `${WEIGHTS}/0`, 'JSON has no trailing comma'],
  [request('[[1,2]]', ','), '/network/layers/0', 'JSON has no trailing comma'],
  [request('[(1,2)]'), `${WEIGHTS}/0`, 'JSON has no parentheses: write lists in square brackets'],
  [request('np.array([[1,2]])'), WEIGHTS, FUNCTIONS],
  [request('[c(1,2)]'), `${WEIGHTS}/0`, FUNCTIONS],
  [request('[[1, ..., 2]]'), `${WEIGHTS}/0/1`, 'JSON has no such abbreviation: write all values'],
  [request('[1,2;3,4]'), WEIGHTS, 'JSON has no semicolons: rows are lists, with commas between them'],
  [request('[[1 2]]'), `${WEIGHTS}/0`, 'not JSON: line 1, column 38: comma expected, at "2"'],
  [request('[[1,,2]]'), `${WEIGHTS}/0/1`, 'not JSON: line 1, column 38: value expected, at ","'],
  [request('[[1,2]]', ',"activation":\'tanh\''), '/network/layers/0/activation', QUOTES],
  [
    request('[[1,2]]', ',"activation":“tanh”'),
    '/network/layers/0/activation',
    'JSON has no such quotes: write strings in double quotes, "',
  ],
  [request('[[1,2]]', ',"activation":True'), '/network/layers/0/activation', 'JSON has no such value: write true or false'],
  [request('[[1,2]]', ',activation:"tanh"'), '/network/layers/0', NO_QUOTES],
  [request('[[1,2]] # a comment'), '/network/layers/0', 'JSON has no comments'],
  ['{network:{layers:[]}}', '', NO_QUOTES],
  ['\'{"network":1}\'', '', QUOTES],
  [
    request('[[1,2]]', ',"unknown":[{"a/b":[1,{"c":NaN}]}]'),
    '/network/layers/0/unknown/0/a~1b/1/c',
    'JSON has no NaN: every number must be finite',
  ],
  [request('[[1,2]]', ',"k\\n":["],[",{},NaN]'), '/network/layers/0/k\n/2', 'JSON has no NaN: every number must be finite'],
  [`${request('[[1,2]]')} NaN`, '', 'JSON has no NaN: every number must be finite'],
  [
    request('[[1,2]]').slice(0, -4),
    '/batch/targets/0',
    'not JSON: line 1, column 84: close bracket expected, at the end of the text',
  ],
];

t.test('texts and pointers', async (t) => {
  const app = await startApp();
  for (const [body, pointer, text] of cases) {
    const problem = (await post(app, body)).json();
    t.equal(problem.type, '/problems/malformed-body', body);
    t.strictSame(problem.errors, [{ pointer, detail: text }], body);
  }
});

t.test('NaN in a line of 120,000 characters, after more errors than are listed', async (t) => {
  const app = await startApp();
  const rows = (row: string) => `[${Array(8000).fill(row).join()},[1,NaN]]`;
  for (const row of ['[1,2]', '["1",2]', '[1,2,3]']) {
    const problem = (await post(app, request(rows(row)))).json();
    t.strictSame(problem.errors, [{ pointer: `${WEIGHTS}/8000/1`, detail: 'JSON has no NaN: every number must be finite' }]);
  }
});
