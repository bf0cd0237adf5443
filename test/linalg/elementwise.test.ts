// Functions of arrays, compared with those of numbers.
import t from 'tap';
import { relu, reluPullback, tanh, tanhPullback } from '../../src/linalg/elementwise.ts';

function tanhOf(numbers: number[]): number[] {
  const result = new Float64Array(numbers.length);
  tanh(Float64Array.from(numbers), result);
  return [...result];
}

const special = [0, -0, 5e-324, -1e-310, 1e-20, 19, -19, 22, -710, 1e308, Infinity, -Infinity];
const alternating = (n: number, of: (i: number) => number) => Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) * of(i));

t.test('tanh has an error of at most four units in the last place, at every length', async (t) => {
  for (const n of [1, 31, 32, 33, 4095, 4096, 4097, 10_001]) {
    for (const numbers of [
      alternating(n, (i) => i / 500),
      alternating(n, (i) => 10 ** (-i / 40)),
      alternating(n, (i) => 0.2 + i / 1e5),
    ]) {
      const actual = tanhOf(numbers);
      const far = numbers.findIndex(
        (x, i) => !(Math.abs(actual[i] - Math.tanh(x)) <= 4 * Number.EPSILON * Math.abs(Math.tanh(x))),
      );
      t.equal(far, -1, `${n}: ${numbers[far]}`);
    }
  }
});

t.test('exact where tanh is exact, in short and in long arrays', async (t) => {
  for (const numbers of [special, [...special, ...Array(100).fill(1)]]) {
    t.strictSame(tanhOf(numbers).slice(0, special.length), special.map(Math.tanh));
    t.ok(Object.is(tanhOf(numbers)[1], -0));
    t.ok(Number.isNaN(tanhOf([...numbers, NaN])[numbers.length]));
  }
});

t.test('the result may overwrite the argument', async (t) => {
  const numbers = Float64Array.from(alternating(5000, (i) => i / 1000));
  const expected = tanhOf([...numbers]);
  tanh(numbers, numbers);
  t.strictSame([...numbers], expected);
});

t.test('relu, and the backward pass of relu and tanh, at every length', async (t) => {
  for (const n of [1, 2, 31, 4095, 4096, 4097, 10_001]) {
    const Z = Float64Array.from(alternating(n, (i) => (i % 7) / 10));
    const dA = Float64Array.from(Z, (_, i) => Math.cos(i));
    const A = new Float64Array(n);
    relu(Z, A);
    t.strictSame(
      [...A],
      Array.from(Z, (z) => Math.max(z, 0)),
    );
    const dZ = new Float64Array(n);
    reluPullback(dA, A, dZ);
    t.strictSame(
      [...dZ],
      Array.from(A, (a, i) => (a > 0 ? dA[i] : 0)),
    );
    tanhPullback(dA, Z, dZ);
    t.strictSame(
      [...dZ],
      Array.from(Z, (a, i) => dA[i] * (1 - a * a)),
    );
    tanhPullback(dA, Z, dA);
    t.strictSame([...dA], [...dZ], 'in place');
  }
});
