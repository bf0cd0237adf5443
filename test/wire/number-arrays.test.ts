// Arrays of numbers read by the kernel: the same as by JSON.parse, or rejected.
import fc from 'fast-check';
import t from 'tap';
import { Scratch } from '../../src/memory/scratch.ts';
import { JsonText } from '../../src/wire/json-text.ts';
import { NumberArrays } from '../../src/wire/number-arrays.ts';

const limits = { MAX_KEYS: 10, MAX_DEPTH: 10 };

/**
 * The array that begins at the first bracket of a text, as nested lists, and the rest of the text; undefined if it is invalid.
 */
function read(text: string): { lists: unknown[]; rest: string } | undefined {
  const bytes = Buffer.from(text);
  const arrays = new NumberArrays(bytes, new JsonText(bytes, limits).endOfNumber, new Scratch());
  if (!arrays.read(bytes.indexOf('['))) return undefined;
  const { data, dimensions, rows, columns, end } = arrays;
  const row = (i: number) => [...data.subarray(i * columns, (i + 1) * columns)];
  const lists = dimensions === 1 ? [...data] : Array.from({ length: rows }, (_, i) => row(i));
  return { lists, rest: bytes.toString('utf8', end) };
}

const arrayOf = (text: string) => read(text)?.lists;

/** The text within one that is too long for the kernel. */
const inLong = (text: string) => `${' '.repeat(70_000)}${text}`;

t.test('numbers equal those of JSON.parse, to the last bit', async (t) => {
  // Known hard cases: halfway between two float64, the largest, near powers of two, more digits than float64 has.
  const hard = [
    ...[
      '0',
      '-0',
      '0.0',
      '-0.0e5',
      '1',
      '-1',
      '10',
      '1e0',
      '1E+2',
      '1e-2',
      '123456789012345678',
      '9007199254740993',
      '9007199254740992.5',
    ],
    ...['0.1', '0.30000000000000004', '1.7976931348623157e308', '2.2250738585072014e-308', '1e22', '1e23', '8.5e22', '5e-300'],
    ...[
      '9223372036854775807',
      '9223372036854775808',
      '1844674407370955161',
      '0.000000000000000000001234567890123456789',
      '4.35',
      '3.14159e0',
    ],
    ...[
      '2.5e-27',
      '4503599627370496.5',
      '4503599627370497.5',
      '1e-307',
      '123.456e-10',
      '0.1e1',
      '7205759403792793e-16',
      '33554432.000000004',
    ],
  ];
  for (const text of hard)
    for (const list of [`[${text}]`, inLong(`[${text}]`)]) t.strictSame(arrayOf(list), [JSON.parse(text)], text);
  const random = fc.double({ noNaN: true, noDefaultInfinity: true });
  const written = fc.tuple(random, fc.integer({ min: 1, max: 19 }), fc.constantFrom('shortest', 'precision', 'exponential'));
  const wrong: string[] = [];
  fc.assert(
    fc.property(written, ([number, digits, form]) => {
      const texts = {
        shortest: `${number}`,
        precision: number.toPrecision(digits),
        exponential: number.toExponential(digits - 1),
      };
      const text = texts[form as keyof typeof texts];
      const value = JSON.parse(text);
      if (!Object.is(arrayOf(`[${text}]`)?.[0], Number.isFinite(value) ? value : undefined)) wrong.push(text);
    }),
    { seed: 20260101, numRuns: 20_000 },
  );
  t.strictSame(wrong, []);
});

t.test(
  'numbers left to the caller: near the limits of float64, with more digits than 64 bits hold, longer than a token',
  async (t) => {
    const numbers = [
      // Ten times 2^64, and a fraction.
      '184467440737095516160.375',
      ...['5e-324', '1e-400', '2e-310', '1e-99999', '0.12345678901234567890', '12345678901234567890123'],
      ...[`0.${'0'.repeat(70)}1`, '1'.repeat(100), `${'9'.repeat(30)}e-40`],
    ];
    for (const number of numbers) {
      const text = `[[1,${number}],[${number},2]]`;
      const value = JSON.parse(number);
      const lists = [
        [1, value],
        [value, 2],
      ];
      t.strictSame(read(`${text},3`), { lists, rest: ',3' }, number);
      t.strictSame(arrayOf(inLong(text)), lists, number);
    }
  },
);

t.test('texts that are not arrays of numbers', async (t) => {
  const wrong = [
    ...['[01]', '[1.]', '[-]', '[1e]', '[1e+]', '[+1]', '[.5]', '[1 2]', '[1,]', '[1,,2]', '[1', '[1,', '[[1]', '[1}', '[', '[]'],
    ...['[-a]', '[1a]', '[NaN]', '[[1],[1,2]]', '[[1,2],[1]]', '[[1],2]', '[1,[2]]', '[[1],[]]', '[[1,[2]]]', '[[[1]]]'],
    ...['[1,null]', '[1,"1"]', '[1,{"a":1}]', '[1e309]', '[-1e309]', '[1.8e308]', '[1e1000000]'],
  ];
  for (const text of wrong) for (const where of [text, inLong(text)]) t.equal(arrayOf(where), undefined, text);
});

t.test('shapes and white space', async (t) => {
  const texts: [text: string, lists: unknown[]][] = [
    ['[1,2.5,-3e2]', [1, 2.5, -300]],
    [
      '[\n[ 1 ,\t2 ] ,\r\n[3,4]]',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['[[2],[3]]', [[2], [3]]],
  ];
  for (const [text, lists] of texts) t.strictSame(read(`${text} ,"x"`), { lists, rest: ' ,"x"' }, text);
});

t.test('several arrays in one text', async (t) => {
  for (const text of ['[1,2]   [[3],[4]] [5]', inLong('[1,2]   [[3],[4]] [5]')]) {
    const bytes = Buffer.from(text);
    const arrays = new NumberArrays(bytes, new JsonText(bytes, limits).endOfNumber, new Scratch());
    const data: Float64Array[] = [];
    for (let at = bytes.indexOf('['); at >= 0; at = bytes.indexOf('[', arrays.end)) {
      t.ok(arrays.read(at));
      data.push(arrays.data);
    }
    t.strictSame(
      data.map((numbers) => [...numbers]),
      [[1, 2], [3, 4], [5]],
    );
  }
});

t.test('arrays of all lengths, across the bounds of chunks', async (t) => {
  for (const n of [1, 50, 51, 52, 1000, 3000, 50_000]) {
    const numbers = Array.from({ length: n }, (_, i) => ((i * 7919) % 10_007) / 10_007 - 0.5);
    const matrix = [numbers, numbers.toReversed()];
    t.strictSame(arrayOf(JSON.stringify(numbers)), numbers, `${n}`);
    t.strictSame(arrayOf(JSON.stringify(matrix)), matrix, `${n}, two rows`);
    t.strictSame(arrayOf(JSON.stringify(matrix, null, 1)), matrix, `${n}, with white space`);
  }
  const many = Array.from({ length: 2_200_000 }, (_, i) => i % 10);
  t.strictSame(arrayOf(JSON.stringify(many)), many);
});

t.test('only a number that the kernel cannot read takes the slow way', async (t) => {
  const few = ['1', '1234567890123456789012345', '-0.5', '1e2'];
  const many = Array.from({ length: 50_000 }, (_, i) => (i === 10_000 ? few[1] : `${i}.25`));
  for (const numbers of [few, many, [few[1], ...many], many.map((number, i) => (i % 5000 === 1 ? few[1] : number))]) {
    const text = Buffer.from(`[${numbers.join()}]`);
    const asked: string[] = [];
    const scanner = new JsonText(text, limits);
    const endOfNumber = (at: number) => {
      const end = scanner.endOfNumber(at);
      asked.push(text.toString('latin1', at, end));
      return end;
    };
    const arrays = new NumberArrays(text, endOfNumber, new Scratch());
    t.ok(arrays.read(0));
    t.strictSame([...arrays.data], numbers.map(Number));
    t.strictSame(
      asked,
      numbers.filter((number) => number === few[1]),
    );
  }
});
