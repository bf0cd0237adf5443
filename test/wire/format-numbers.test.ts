// Formatting numbers as JSON: exactly as JSON.stringify.
import fc from 'fast-check';
import t from 'tap';
import { tensor } from '../../schemas/numbers.ts';
import { formatNumbers, NUMBER_BYTES } from '../../src/wire/format-numbers.ts';
import { encode } from '../../src/wire/json.ts';
import { checkWriting } from '../numbers/writing.ts';

function textOf(numbers: number[], columns = numbers.length): string {
  const buffer = Buffer.alloc(numbers.length * 30);
  return buffer.toString('latin1', 0, formatNumbers(Float64Array.from(numbers), columns, buffer, 0));
}

const join = (numbers: number[]) => JSON.stringify(numbers).slice(1, -1);

t.test('all forms of numbers', async (t) => {
  const numbers = [
    ...[
      0,
      -0,
      1,
      -1,
      9,
      10,
      99,
      100,
      101,
      12345678,
      99999999,
      100000000,
      123456789,
      2 ** 53,
      2 ** 53 - 1,
      2 ** 60,
      1e20,
      1e21,
      1e22,
      1e23,
    ],
    ...[
      0.1,
      -0.25,
      0.3,
      1.5,
      100.5,
      123456789.125,
      2 ** 52 / 1.000001,
      1234567890 * 1e11,
      1 / 3,
      0.1 + 0.2,
      5e-324,
      1e-5,
      1e-6,
      1e-7,
    ],
    ...[
      1.234e-6, 1.234e-7, 1.7976931348623157e308, 2.2250738585072014e-308, 2.225073858507201e-308, 9.5e-310, 1.5e300, 1e100,
      1.25e-100,
    ],
  ];
  for (const number of numbers) t.equal(textOf([number]), JSON.stringify(number));
});

t.test('powers of two and of ten, and their neighbours', async (t) => {
  const wrong: string[] = [];
  const check = (number: number) => {
    if (textOf([number]) !== JSON.stringify(number)) wrong.push(`${number}`);
  };
  for (let e = -1074; e < 1024; e++)
    for (const factor of [1, 1 + Number.EPSILON, 1 - Number.EPSILON / 2, 3]) check(2 ** e * factor || 0);
  for (let e = -323; e < 309; e++)
    for (const digits of ['1', '9', '1.5', '9.999999999999999', '1.2345678901234567']) check(Number(`${digits}e${e}`));
  t.strictSame(
    wrong.filter((text) => text !== 'Infinity'),
    [],
  );
});

t.test('random bits', async (t) => {
  const wrong: number[] = [];
  const random = fc.double({ noNaN: true, noDefaultInfinity: true });
  const check = (number: number) => {
    if (textOf([number]) !== JSON.stringify(number)) wrong.push(number);
  };
  fc.assert(fc.property(random, check), { seed: 20260101, numRuns: 20_000 });
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31) }), (n) => check(n / 2 ** 31)),
    { seed: 20260101, numRuns: 20_000 },
  );
  t.strictSame(wrong, []);
});

t.test('numbers that tiny differences decide', async (t) => {
  for (const text of [
    // Almost at half the distance to the next float64.
    ...['-1.0233741633039221e-64', '3.7111443748426505e-217', '1.797603507092984e-296', '1.3441834030376361e+68'],
    // In the middle between two decimals: the last digit is even.
    ...['121299919387686.62', '1125899906842624.2', '1125899906842624.8', '0.6279296875', '2251799813685249.5'],
    // Powers of two: the previous float64 is closer than the next.
    ...['7.174648137343064e-43', '1.1247284486357991e+161', '9.5367431640625e-7', '0.0009765625', '9007199254740992'],
    // Bounds of the forms.
    ...['999999999999999', '1000000000000000', '999999999999999900000', '1e+21', '0.000001', '9.999999999999997e-7'],
    // Subnormals.
    ...['5e-324', '2.225073858507201e-308', '2.2250738585072014e-308'],
  ])
    t.equal(textOf([Number(text)]), text);
});

t.test('random and hard numbers', async (t) => {
  t.strictSame(checkWriting(200_000, 100_000, 20260101), { checked: 300_000, mismatches: [] });
});

t.test('the buffer after the text stays as it is', async (t) => {
  for (const number of [0, 7, -0.1, 123456789012345, 1e20, 5e-324, -0.0000012345678901234567])
    for (const n of [1, 2048, 2049]) {
      const text = new Array(n).fill(JSON.stringify(number)).join();
      const buffer = Buffer.alloc(n * NUMBER_BYTES + 32, '#');
      t.equal(formatNumbers(new Float64Array(n).fill(number), n, buffer, 0), text.length);
      t.equal(buffer.toString('latin1'), text.padEnd(buffer.length, '#'), `${n} times ${number}`);
    }
});

t.test('rows of numbers in all forms', async (t) => {
  const row = [0, 1e20, -0, 5e-324, 0.1, 2 ** -60, -12.5, 1e-7];
  for (const columns of [1, 2, 3, 8]) {
    const matrix = Array.from({ length: 600 }, (_, i) => Array.from({ length: columns }, (_, j) => row[(i + j) % 8]));
    t.equal(textOf(matrix.flat(), columns), matrix.map(join).join('],['), `${columns}`);
  }
});

t.test('rows across the bounds of blocks', async (t) => {
  for (const [rows, columns] of [
    [1, 1],
    [3000, 1],
    [1, 3000],
    [2, 2048],
    [700, 3],
    [64, 64],
    [3, 2049],
  ]) {
    const matrix = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => (i - j) / 7));
    t.equal(textOf(matrix.flat(), columns), matrix.map(join).join('],['), `${rows} x ${columns}`);
  }
});

t.test('documents', async (t) => {
  const data = Float64Array.of(1, 2.5, -3, 4e-9, 5e30, 0, 7, 8);
  const document = {
    loss: 0.5,
    gradients: [{ weights: tensor([2, 4], data), biases: Float64Array.of(1, 2) }],
    divisor: 2,
    per_sample_gradients: [{ weights: tensor([2, 2, 2], data) }],
  };
  t.strictSame(JSON.parse(encode(document, new ArrayBuffer(0)).toString()), {
    loss: 0.5,
    gradients: [
      {
        weights: [
          [1, 2.5, -3, 4e-9],
          [5e30, 0, 7, 8],
        ],
        biases: [1, 2],
      },
    ],
    divisor: 2,
    per_sample_gradients: [
      {
        weights: [
          [
            [1, 2.5],
            [-3, 4e-9],
          ],
          [
            [5e30, 0],
            [7, 8],
          ],
        ],
      },
    ],
  });
});

t.test('documents of only the longest numbers', async (t) => {
  for (const n of [1, 2, 10, 100, 1000, 2048]) {
    const data = new Float64Array(n).fill(-0.0000012345678901234567);
    const document = { gradients: [{ weights: tensor([n, 1], data), biases: data }], divisor: data[0] };
    const numbers = Array.from(data);
    t.strictSame(JSON.parse(encode(document, new ArrayBuffer(0)).toString()), {
      gradients: [{ weights: numbers.map((number) => [number]), biases: numbers }],
      divisor: data[0],
    });
  }
});

t.test("documents of all lengths: short ones are written in the kernel's memory, long ones are not", async (t) => {
  for (const n of [63, 64, 65, 2047, 2048, 2049, 2200, 4000, 5000, 50_000]) {
    const data = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
    const numbers = Array.from(data);
    const document = { a: [data, tensor([1, n], data)], b: { c: tensor([n, 1, 1], data) }, d: data[1] };
    const expected = { a: [numbers, [numbers]], b: { c: numbers.map((number) => [[number]]) }, d: numbers[1] };
    for (const room of [0, 10, 10_000_000])
      t.equal(`${encode(document, new ArrayBuffer(room))}`, JSON.stringify(expected), `${n}`);
  }
});

t.test('empty lists and objects', async (t) => {
  t.equal(`${encode({ a: [], b: {} }, new ArrayBuffer(0))}`, '{"a":[],"b":{}}');
});
