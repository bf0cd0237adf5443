// Datasets as CSV.
import { gzipSync } from 'node:zlib';
import t from 'tap';
import type { Upload } from '../../src/store/catalog.ts';
import { keysIn, plain, refusalOf, startCatalog, upload } from './catalog.ts';

type Query = Upload['query'];

const put = (text: string | Buffer, query: Query = {}, size = 1000) => upload(Buffer.from(text), size, 'text/csv', query);

const read: Record<string, [text: string, query: Query, rows: object]> = {
  'targets in the order of the query': [
    'a,b,c\n1,2,3\n4,5,6\n',
    { targets: 'c,a' },
    { inputs: { shape: [2, 1], data: [2, 5] }, targets: { shape: [2, 2], data: [3, 1, 6, 4] } },
  ],
  'classes, and line breaks of Windows': [
    'a,b,c\r\n1,2,3\r\n4,-5,6',
    { classes: 'b' },
    { inputs: { shape: [2, 2], data: [1, 3, 4, 6] }, classes: [2, -5] },
  ],
  'inputs only, line breaks of old Macs': ['a,b\r1,2\r3,4\r', {}, { inputs: { shape: [2, 2], data: [1, 2, 3, 4] } }],
  'a byte order mark, quotes and spaces': [
    '\u{feff}"x, first", y \n" 1",\t2 \n"3","4"',
    { targets: ' y' },
    { inputs: { shape: [2, 1], data: [1, 3] }, targets: { shape: [2, 1], data: [2, 4] } },
  ],
  'numbers in all forms': [
    'x\n+1\n-.5\n2.\n1e-3\n1E+2\n0.1\n-0\n',
    {},
    { inputs: { shape: [7, 1], data: [1, -0.5, 2, 0.001, 100, 0.1, -0] } },
  ],
};

t.test('numbers are what was uploaded, however the text is cut', async (t) => {
  for (const [name, [text, query, rows]] of Object.entries(read))
    for (const size of [1, 3, 1000]) {
      const { datasets } = startCatalog(t);
      const { dataset } = await datasets.put('', 'a', put(text, query, size), {});
      t.strictSame(plain(await datasets.read(dataset, 0, dataset.columns.inputs.shape[0])), rows, name);
    }
});

t.test('many lines, written in several chunks', async (t) => {
  const { datasets } = startCatalog(t);
  const lines = Array.from({ length: 5000 }, (_, i) => `${i / 7},${-i},${i % 3}`);
  const { dataset } = await datasets.put('', 'a', put(`x,y,z\n${lines.join('\n')}`, { classes: 'z' }, 50_000), {});
  t.equal(dataset.bytes, 5000 * 3 * 8);
  const rows = await datasets.read(dataset, 0, 5000);
  t.ok(rows.inputs.data.every((number, i) => number === (i % 2 ? -(i - 1) / 2 : i / 14)));
  t.ok(rows.classes?.every((number, i) => number === i % 3));
});

const ofLine = (text: string, detail: string, query: Query = {}): [string, Query, string, string] => [
  text,
  query,
  'invalid-request',
  detail,
];

const wrong: Record<string, [text: string | Buffer, query: Query, type: string, detail: string]> = {
  'no text': ['', {}, 'malformed-body', 'the body is empty'],
  'only a byte order mark': ['\u{feff}', {}, 'malformed-body', 'the body is empty'],
  'no numbers': ofLine('x,y\n', 'expected at least 1 line of numbers after the header line, got none'),
  semicolons: ofLine(
    'x;y\n1;2\n',
    'the header line has no comma, but semicolons: separate values by commas, and write numbers with a point',
    { targets: 'y' },
  ),
  tabs: ofLine(
    'x\ty\n1\t2\n',
    'the header line has no comma, but tabs: separate values by commas, and write numbers with a point',
  ),
  'no header': ofLine('1.5,2\n1,2\n', 'expected a header line with the names of the columns, got numbers'),
  'no header, with a query': ofLine(
    '1.5,2\n1,2\n',
    'expected a header line with the names of the columns, such as y, got numbers',
    { classes: 'y' },
  ),
  'a name twice': ofLine('x,y,x\n1,2,3\n', 'the header line has the column "x" twice'),
  'names that are not UTF-8': [
    Buffer.from('gr\xf6\xdfe,y\n1,2\n', 'latin1'),
    {},
    'malformed-body',
    'the header line is not UTF-8',
  ],
  'targets and classes': ofLine('x,y,z\n1,2,3\n', 'expected either ?targets or ?classes, got both', {
    targets: 'y',
    classes: 'z',
  }),
  'an unknown column, misspelt': ofLine(
    'x,label\n1,2\n',
    '?classes: there is no column "labell", nearest is "label"; there are x, label',
    { classes: 'labell' },
  ),
  'an unknown column, in other letters': ofLine(
    'x,Label\n1,2\n',
    '?targets: there is no column "label": it is Label here; there are x, Label',
    { targets: 'label' },
  ),
  'an unknown column of many': ofLine(
    `${Array.from({ length: 30 }, (_, i) => `c${i}`)}\n`,
    `?targets: there is no column ""; there are ${Array.from({ length: 20 }, (_, i) => `c${i}`).join(', ')}, … (30 in all)`,
    { targets: '' },
  ),
  'targets twice': ofLine('x,y\n1,2\n', '?targets names the column "y" twice', { targets: 'y,y' }),
  'only targets': ofLine('x,y\n1,2\n', 'expected columns of inputs, but ?targets names all columns: x, y', { targets: 'x,y' }),
  'only classes': ofLine('y\n1\n', 'expected columns of inputs, but ?classes names all columns: y', { classes: 'y' }),
  'a decimal comma': ofLine(
    'x,y\n1,"1,5"\n',
    'line 2, column "y": expected a finite number, got "1,5": write it with a point, 1.5',
  ),
  'a class that is no integer': ofLine('x,y\n1,1\n1,1.5\n', 'line 3, column "y": expected an integer, got "1.5"', {
    classes: 'y',
  }),
  'a target that is no number': ofLine('x,y\n1,yes\n', 'line 2, column "y": expected a finite number, got "yes"', {
    targets: 'y',
  }),
  'a name over two lines': ofLine('"x\ny",z\n1,2\n1,z\n', 'line 4, column "z": expected a finite number, got "z"'),
  'a long value': ofLine(`x\n${'a'.repeat(50)}\n`, `line 2, column "x": expected a finite number, got "${'a'.repeat(40)}…"`),
  ...Object.fromEntries(
    ['', ' ', 'NA', 'inf', 'Infinity', 'nan', '1e400', '0x10', '1_000', '1 2', '--1', '.', '1e', '1,000,000'].map((text) => [
      `the value ${JSON.stringify(text)}`,
      ofLine(`x,y\n1,2\n3,"${text}"\n`, `line 3, column "y": expected a finite number, got ${JSON.stringify(text)}`),
    ]),
  ),
  'a long line': ['x,y\n1,2\n1,2,3\n', {}, 'shape-mismatch', 'line 3: expected 2 values, as in the header line, got 3'],
  'an empty line': ['x,y\n1,2\n\n1,2', {}, 'shape-mismatch', 'line 3: expected 2 values, as in the header line, got 1'],
  'a quote that is not closed': [
    'x,y\n1,"2\n3,4\n',
    {},
    'malformed-body',
    'not CSV: Quote Not Closed: the parsing is finished with an opening quote at line 3',
  ],
  'a quote within a value': [
    'x,y\n1,a"2\n',
    {},
    'malformed-body',
    'not CSV: Invalid Opening Quote: a quote is found on field 1 at line 2, value is "a"',
  ],
  JSON: ['{"x": 1}', {}, 'malformed-body', 'the body is JSON, not CSV: send Content-Type: application/json'],
  'compressed text': [
    gzipSync('x,y\n1,2\n'),
    {},
    'malformed-body',
    'the body is compressed with gzip, not CSV: send Content-Encoding: gzip with it',
  ],
};

t.test('what is wrong is refused, leaves nothing behind, and is read no further', async (t) => {
  for (const [name, [text, query, type, detail]] of Object.entries(wrong))
    for (const size of [4, 1000]) {
      if (name === 'compressed text' && size === 4) continue;
      const { datasets, store } = startCatalog(t);
      t.strictSame(await refusalOf(datasets.put('', 'a', put(text, query, size), {})), { type, detail }, name);
      t.strictSame(await keysIn(store), [], name);
    }
  const { datasets } = startCatalog(t);
  const sent = put(`x,y\n1,NA\n${'1,2\n'.repeat(100)}`, {}, 9);
  t.match(await refusalOf(datasets.put('', 'a', sent, {})), { detail: 'line 2, column "y": expected a finite number, got "NA"' });
  t.equal(sent.counter.taken, 2);
});

t.test('a line longer than any', async (t) => {
  const { datasets } = startCatalog(t, { DATASET_LIMIT: 2 ** 26 });
  for (const text of [`x,y\n1,"${' '.repeat(2 ** 23)}1"`, ','.repeat(2 ** 23)])
    t.strictSame(await refusalOf(datasets.put('', 'a', put(text, {}, 2 ** 16), {})), {
      type: 'malformed-body',
      detail: 'a line has more than 4194304 bytes, the most that is read: a quote may not be closed',
    });
});
