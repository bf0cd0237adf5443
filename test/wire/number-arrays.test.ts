// The arrays that are taken out of a JSON text: what JSON.parse makes of them, or nothing at all.
import fc from 'fast-check';
import t from 'tap';
import { asTensor, type Tensor } from '../../schemas/numbers.ts';
import { extractArrays } from '../../src/wire/number-arrays.ts';

/** The arrays of a text as nested lists; undefined if they are left to JSON.parse. */
function arraysOf(text: string): unknown[] | undefined {
  return extractArrays(Buffer.from(text))?.arrays.map((array) => {
    const { shape, data } = asTensor(array) as Tensor;
    const rows = Array.from({ length: shape[0] }, (_, i) => [...data.subarray(i * shape[1], (i + 1) * shape[1])]);
    return shape.length === 1 ? [...data] : rows;
  });
}

t.test('numbers are those of JSON.parse, to the last bit', async (t) => {
  // Known for being hard: halfway between two numbers, the largest, near powers of two, digits beyond float64.
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
  for (const text of hard) t.strictSame(arraysOf(`[${text}]`), [[JSON.parse(text)]], text);
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
      const arrays = arraysOf(`[${text}]`);
      if (arrays && !Object.is((arrays[0] as number[])[0], JSON.parse(text))) wrong.push(text);
    }),
    { seed: 20260101, numRuns: 20_000 },
  );
  t.strictSame(wrong, []);
});

t.test('what is left to JSON.parse', async (t) => {
  const left = [
    ...[
      '[01]',
      '[1.]',
      '[-]',
      '[1e]',
      '[1e+]',

      '[1 2]',
      '[1,]',
      '[1,,2]',
      '[1',
      '[1,',
      '[[1]',
      '[1}',
      '[1]]'.slice(0, 2),
      '[-a]',
      '[1a]',
    ],
    ...[
      '[[1],[1,2]]',
      '[[1,2],[1]]',
      '[[1],2]',
      '[1,[2]]',
      '[[1],[]]',
      '[[[1]]]'.replace('[[[', '[[1,['),
      '[1,null]',
      '[1,"1"]',
      '[1,{"a":1}]',
    ],
    // Beyond float64, or too near to its ends for the fast way.
    ...['[1e309]', '[-1e309]', '[1.8e308]', '[5e-324]', '[1e-400]', '[1e1000000]', '[1e-99999]'],
    // More digits than 64 bits hold, and longer than any number that is written in good faith.
    ...['[0.12345678901234567890]', '[12345678901234567890123]', `[0.${'0'.repeat(70)}1]`, `[${'1'.repeat(100)}]`],
  ];
  for (const text of left) t.equal(arraysOf(text), undefined, text);
});

t.test('shapes, white space and strings', async (t) => {
  const texts: [text: string, arrays: unknown[]][] = [
    ['[1,2.5,-3e2]', [[1, 2.5, -300]]],
    [
      ' [\n[ 1 ,\t2 ] ,\r\n[3,4]] ',
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ],
    ['{"a":[1],"b":[[2],[3]],"c":[],"d":["[1]"],"e":[{"f":[4]}]}', [[1], [[2], [3]], [4]]],
    ['{"a\\"[1]":[2],"\\\\":[3]}', [[2], [3]]],
    ['{"a":1,"b":"[1,2]"}', []],
    ['"no end [1]', []],
  ];
  for (const [text, arrays] of texts) t.strictSame(arraysOf(text), arrays, text);
  const { rest = '', mark = '' } = extractArrays(Buffer.from('{"a":[1],"b":[[2]],"c":"x"}')) ?? {};
  t.equal(rest, `{"a":"${mark}0","b":"${mark}1","c":"x"}`);
  t.not(extractArrays(Buffer.from('[1]'))?.mark, mark, 'no two documents have the same mark');
});

t.test('arrays of all lengths, over the bounds of chunks', async (t) => {
  for (const n of [1, 50, 51, 52, 1000, 3000, 50_000]) {
    const numbers = Array.from({ length: n }, (_, i) => ((i * 7919) % 10_007) / 10_007 - 0.5);
    const matrix = [numbers, numbers.toReversed()];
    t.strictSame(arraysOf(JSON.stringify({ numbers, matrix, again: [1] })), [numbers, matrix, [1]], `${n}`);
    t.strictSame(arraysOf(JSON.stringify(matrix, null, 1)), [matrix], `${n}, with white space`);
  }
  const many = Array.from({ length: 2_200_000 }, (_, i) => i % 10);
  t.strictSame(arraysOf(JSON.stringify(many)), [many]);
  t.strictSame(arraysOf(`{"a":"${'x'.repeat(2 ** 20)}","b":[1]}`), undefined, 'too much beside the arrays');
});
