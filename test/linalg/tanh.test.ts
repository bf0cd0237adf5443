// tanh of whole arrays against Math.tanh.
import t from 'tap';
import { tanh } from '../../src/linalg/tanh.ts';

function tanhOf(numbers: number[]): number[] {
  const result = new Float64Array(numbers.length);
  tanh(Float64Array.from(numbers), result);
  return [...result];
}

const special = [0, -0, 5e-324, -1e-310, 1e-20, 19, -19, 22, -710, 1e308, Infinity, -Infinity];
const alternating = (n: number, of: (i: number) => number) => Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) * of(i));

t.test('within four units of the last place, at every length', async (t) => {
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

t.test('exact where tanh is, in short arrays and in long ones', async (t) => {
  for (const numbers of [special, [...special, ...Array(100).fill(1)]]) {
    t.strictSame(tanhOf(numbers).slice(0, special.length), special.map(Math.tanh));
    t.ok(Object.is(tanhOf(numbers)[1], -0));
    t.ok(Number.isNaN(tanhOf([...numbers, NaN])[numbers.length]));
  }
});

t.test('in place', async (t) => {
  const numbers = Float64Array.from(alternating(5000, (i) => i / 1000));
  const expected = tanhOf([...numbers]);
  tanh(numbers, numbers);
  t.strictSame([...numbers], expected);
});
