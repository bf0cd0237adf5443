// Functions of arrays, compared with those of numbers.
import t from 'tap';
import { relu, reluPullback, tanh, tanhPullback } from '../../src/linalg/elementwise.ts';
import { squaredSech, tanh as tanhOfOne } from '../../src/linalg/exponential.ts';

function tanhOf(numbers: number[]): number[] {
  const result = new Float64Array(numbers.length);
  tanh(Float64Array.from(numbers), result);
  return [...result];
}

const special = [0, -0, 5e-324, -1e-310, 1e-20, 19, -19, 22, -710, 1e308, Infinity, -Infinity];
const alternating = (n: number, of: (i: number) => number) => Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) * of(i));

t.test('tanh and its derivative are those of single numbers, at every length', async (t) => {
  for (const n of [1, 31, 32, 33, 4095, 4096, 4097, 10_001]) {
    for (const numbers of [
      alternating(n, (i) => i / 500),
      alternating(n, (i) => 10 ** (-i / 40)),
      alternating(n, (i) => 0.2 + i / 1e5),
      alternating(n, (i) => i / 20),
      [...special, NaN, ...alternating(n, Math.exp)],
    ]) {
      const Z = Float64Array.from(numbers);
      const A = Float64Array.from(tanhOf(numbers));
      t.strictSame(A, Z.map(tanhOfOne), `${n}`);
      const dA = Z.map((_, i) => Math.cos(i));
      const dZ = new Float64Array(Z.length);
      tanhPullback(dA, Z, A, dZ);
      t.strictSame(
        dZ,
        Z.map((z, i) => dA[i] * (Math.abs(A[i]) < 0.9 ? 1 - A[i] * A[i] : squaredSech(z))),
        `derivative, ${n}`,
      );
      tanhPullback(dA, Z, A, dA);
      t.strictSame(dA, dZ, 'in place');
    }
  }
});

t.test('exact where tanh is exact', async (t) => {
  t.strictSame(special.map(tanhOfOne), special.map(Math.tanh));
  t.ok(Object.is(tanhOfOne(-0), -0));
});

t.test('the result may overwrite the argument', async (t) => {
  const numbers = Float64Array.from(alternating(5000, (i) => i / 1000));
  const expected = tanhOf([...numbers]);
  tanh(numbers, numbers);
  t.strictSame([...numbers], expected);
});

t.test('relu and its backward pass, at every length', async (t) => {
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
  }
});
