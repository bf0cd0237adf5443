// The fast reading of numbers: a short, fixed run of `npm run numbers`, and errors of structure wherever its blocks and chunks end.
import t from 'tap';
import { Scratch } from '../../src/memory/scratch.ts';
import { JsonText } from '../../src/wire/json-text.ts';
import { NumberArrays } from '../../src/wire/number-arrays.ts';
import { checkDocuments } from '../numbers/documents.ts';
import { checkReading } from '../numbers/reading.ts';

/** White space that makes a text too long for the kernel, so that it is read in chunks. */
const LONG = ' '.repeat(70_000);

const limits = { MAX_KEYS: 10, MAX_DEPTH: 10 };

/** The numbers of the array at the beginning of a text, and its shape; undefined if it is refused. */
function read(text: string): { numbers: number[]; rows: number; columns: number; end: number } | undefined {
  const bytes = Buffer.from(text);
  const arrays = new NumberArrays(bytes, new JsonText(bytes, limits).endOfNumber, new Scratch());
  if (!arrays.read(0)) return undefined;
  const { rows, columns, end } = arrays;
  return { numbers: [...arrays.data], rows, columns, end };
}

/** The beginning of a list, of `length` bytes; and of rows of two numbers. */
const list = (length: number) => `[${length % 2 === 0 ? '10,' : ''}${'1,'.repeat((length - 1 - 3 * +(length % 2 === 0)) / 2)}`;
const rows = (length: number) => `[${'[1,1],'.repeat((length - 1) / 6)}${' '.repeat((length - 1) % 6)}`;

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/**
 * Offsets, and what follows the array. In a short text: the ends of the first blocks of 64 bytes, and of the first part that is indexed.
 * In a long one: the end of the first chunk, and 64 bytes before, from where on single numbers are left to the next one.
 */
const places = [
  ...range(40, 180).map((offset) => [offset, ''] as const),
  ...[...range(945, 965), ...range(1005, 1025)].map((offset) => [offset, LONG] as const),
];

t.test('numbers equal those of Number(), to the last bit', async (t) => {
  t.strictSame(checkReading(100_000, 50_000, 20260101), { checked: 150_000, mismatches: [] });
});

t.test('documents equal those of JSON.parse, and those that it refuses are refused', async (t) => {
  const { checked, mismatches, valid } = checkDocuments(2000, 20260101);
  t.strictSame({ checked, mismatches }, { checked: 2000, mismatches: [] });
  t.ok(valid > 1000, `${valid} were valid JSON`);
});

t.test('errors of structure are found, wherever they are', async (t) => {
  const values = [
    ...['1,,2]', '1 2]', '1,]', ',1]', '[1]]', '1,[2]]', '1}', '1:2]', '1"2"]', '1;2]', '1_]'],
    ...['1', '1,', '1 ', ''],
  ];
  const numbers = [
    '-',
    '--1',
    '+1',
    '01',
    '-01',
    '00',
    '1.',
    '.5',
    '-.5',
    '1.e5',
    '1e',
    '1e+',
    '1e-',
    'e5',
    '1e5e5',
    '1e5.5',
    '1..5',
    '1.5.5',
  ];
  const others = ['1-', '1+1', '0x10', '1a', 'a', '1e1a', 'NaN', '٣', '1/2', '1:', '1\0', '1e309', '-1e309'];
  const wrongRows = [
    ...[
      '[1,1,1]]',
      '[1]]',
      '1,1]]',
      '1]',
      '[1,1],]',
      '[1,1]1]',
      '[1,1]1,[1,1]]',
      '[1,1],1]',
      '[1,1],,[1,1]]',
      '[[1,1]]]',
      '[1,1][1,1]]',
    ],
    ...[
      '[1,1,]]',
      '[,1]]',
      '[1,,1]]',
      '[]]',
      '[1 1]]',
      '[1,[1]]]',
      '[1,1] ,, [1,1]]',
      '[1,1], [1,1,1]]',
      '[1,1], ,[1,1]]',
      '[1,1],[1]]',
    ],
    ...['[1,1],[1,1]', '[1,1],[1,1', '[1,1],[1,', '[1,1],[', '[1,1],', '[1,1]', '[', ''],
  ];
  const wrongValues = [
    ...values,
    ...[...numbers, ...others].flatMap((number) => [`${number},1]`, `${number}]`, `1,${number} ]`]),
  ];
  const accepted: string[] = [];
  for (const [offset, rest] of places) {
    const texts = [...wrongValues.map((end) => list(offset) + end), ...wrongRows.map((end) => rows(offset) + end)];
    for (const text of texts) if (read(text + rest)) accepted.push(`${offset}: ${text}`);
  }
  t.strictSame(accepted, []);
});

t.test('a bracket too many is left to the document', async (t) => {
  const ends = (offset: number, rest: string) => [
    read(`${list(offset)}1]]${rest}`)?.end,
    read(`${rows(offset)}[1,1]]]${rest}`)?.end,
  ];
  const wrong = places.filter(([offset, rest]) => `${ends(offset, rest)}` !== `${[offset + 2, offset + 6]}`);
  t.strictSame(wrong, []);
});

t.test(
  'a number that the end of a block or a chunk cuts is read whole, and one that the end of the text cuts is not',
  async (t) => {
    const number = '-12.345678901234567e-8';
    const wrong: string[] = [];
    for (const [offset, rest] of places) {
      const text = `${list(offset)}${number},0.5]`;
      const { numbers, end } = read(text + rest) ?? { numbers: [], end: 0 };
      if (end !== text.length || numbers.at(-2) !== Number(number) || numbers.at(-1) !== 0.5) wrong.push(text);
      for (let cut = offset; cut < text.length; cut++) if (read(text.slice(0, cut) + rest)) wrong.push(text.slice(0, cut));
      const row = `${rows(offset)}[${number},2],\n [3, 4], [5,6]]`;
      const { numbers: all, rows: count } = read(row + rest) ?? { numbers: [], rows: 0 };
      if (!all.join().endsWith(`1,1,${Number(number)},2,3,4,5,6`) || count !== all.length / 2) wrong.push(row);
    }
    t.strictSame(wrong, []);
  },
);
