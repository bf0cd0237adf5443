// Elementwise functions: the same bits at every length and place in an array, and known values.
import t from 'tap';
import {
  type Arrays,
  exp,
  expOf,
  gelu,
  geluTanh,
  leakyRelu,
  relu,
  sigmoid,
  sigmoidOf,
  silu,
  softplus,
  softplusOf,
  tanh,
  tanhOf,
} from '../../src/linalg/elementwise.ts';
import { uniform } from '../support/workloads.ts';

const functions: Record<string, Arrays> = {
  // exp is its own derivative.
  exp: { value: exp, pullback: (dA, _Z, A, dZ) => dZ.set(dA.map((d, i) => d * A[i])) },
  tanh,
  sigmoid,
  silu,
  gelu,
  geluTanh,
  softplus: softplus(1, 20),
  'softplus, beta 3': softplus(3, 5),
  logsigmoid: softplus(-1, Infinity),
  relu,
  leakyRelu: leakyRelu(0.01),
};

const special = [
  0,
  5e-324,
  1e-310,
  1e-20,
  0.4,
  0.75,
  0.9,
  1,
  5,
  19,
  20,
  22,
  26,
  39,
  354,
  708,
  709.8,
  745.2,
  750,
  1400,
  1401,
  1e308,
  Infinity,
];
const signed = [...special, ...special.map((z) => -z), NaN];
const random = uniform(1);

function evaluate({ value }: Arrays, Z: Float64Array): Float64Array {
  const A = new Float64Array(Z.length);
  value(Z, A);
  return A;
}

function differentiate(
  { pullback }: Arrays,
  Z: Float64Array,
  A: Float64Array,
  dA = new Float64Array(Z.length).fill(1),
): Float64Array {
  const dZ = new Float64Array(Z.length);
  pullback(dA, Z, A, dZ);
  return dZ;
}

/** f and f′ at one number. */
function at(f: Arrays, z: number): [number, number] {
  const A = evaluate(f, Float64Array.of(z));
  return [A[0], differentiate(f, Float64Array.of(z), A)[0]];
}

for (const [name, f] of Object.entries(functions)) {
  t.test(`${name}: the same bits in every array`, async (t) => {
    for (const n of [1, 2, 3, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097, 9001]) {
      for (const scale of [1, 30, 1000]) {
        const Z = Float64Array.from({ length: n }, (_, i) => (scale === 1 && i < signed.length ? signed[i] : scale * random()));
        const A = evaluate(f, Z);
        const dA = Z.map(() => random());
        const dZ = differentiate(f, Z, A, dA);
        // Zeros have signs: strictSame of arrays of numbers does not see them, that of strings does.
        const bits = (numbers: Float64Array) => Buffer.from(numbers.buffer).toString('hex');
        const alone = Array.from(Z, (z) => at(f, z));
        t.equal(bits(A), bits(Float64Array.from(alone, ([a]) => a)), `${n}`);
        t.strictSame(
          dZ,
          Float64Array.from(alone, ([, slope], i) => dA[i] * slope),
          `derivative, ${n}`,
        );
        const both = dA.slice();
        f.pullback(both, Z, A, both);
        t.strictSame(both, dZ, 'in place');
        f.value(Z, Z);
        t.equal(bits(Z), bits(A), 'in place');
      }
    }
  });
}

t.test('single numbers', async (t) => {
  for (const z of [...signed, 0.3, -0.3]) {
    t.strictSame(
      [expOf(z), tanhOf(z), sigmoidOf(z)],
      [exp, tanh.value, sigmoid.value].map((value) => evaluate({ ...tanh, value }, Float64Array.of(z))[0]),
    );
    t.strictSame(softplusOf(z), at(softplus(1, Infinity), z)[0]);
  }
});

t.test('exact values', async (t) => {
  t.strictSame([0, -0, 1, 709.8, -746, Infinity, -Infinity, NaN].map(expOf), [1, 1, Math.E, Infinity, 0, Infinity, 0, NaN]);
  t.equal(expOf(-745), 5e-324);
  const numbers = [0, -0, 5e-324, -1e-310, 1e-20, 19, -19, 22, -710, 1e308, Infinity, -Infinity];
  t.strictSame(numbers.map(tanhOf), numbers.map(Math.tanh));
  t.ok(Object.is(tanhOf(-0), -0));
  t.strictSame(at(sigmoid, 0), [0.5, 0.25]);
  for (const f of [silu, gelu, geluTanh]) {
    t.strictSame(at(f, 0), [0, 0.5]);
    t.strictSame(at(f, 1000), [1000, 1]);
    t.strictSame(at(f, 1e308), [1e308, 1]);
    t.strictSame(at(f, Infinity), [Infinity, 1]);
    t.strictSame(at(f, -1e308).map(Math.abs), [0, 0]);
    t.strictSame(at(f, -Infinity).map(Math.abs), [0, 0]);
  }
  t.strictSame(at(softplus(1, 20), 0), [Math.LN2, 0.5]);
  t.strictSame(at(softplus(2, 20), 10.1), [10.1, 1], 'above the threshold');
  t.not(at(softplus(2, 20), 10)[0], 10, 'at the threshold');
  for (const [name, f] of Object.entries(functions)) t.ok(name === 'relu' || Number.isNaN(at(f, NaN)[0]), `${name} of NaN`);
});

/** Values and derivatives by mpmath. For z = -710 exp(z) is subnormal; near z = -1.25 two derivatives have a zero. */
const exact: readonly [name: string, z: number, value: number, derivative: number][] = [
  ['exp', -1.25, 0.2865047968601901, 0.2865047968601901],
  ['exp', 2.5, 12.182493960703473, 12.182493960703473],
  ['sigmoid', -1.25, 0.22270013882530884, 0.173104786992497],
  ['sigmoid', 2.5, 0.9241418199787564, 0.07010371654510816],
  ['silu', -710, -3.1781632202293424e-306, -3.173686934003667e-306],
  ['silu', -1.25, -0.27837517353163604, 0.0063191550846875815],
  ['silu', 2.5, 2.310354549946891, 1.0994011113415267],
  ['gelu', -10, -7.619853024160526e-23, -7.618400096464814e-22],
  ['gelu', -1.25, -0.13206221708356908, -0.12266158306942213],
  ['gelu', -0.003, -0.0014964095248621006, 0.49760635349853793],
  ['gelu', 2.5, 2.4844758366855597, 1.037611085908145],
  ['geluTanh', -1.25, -0.1322857970302854, -0.12249263224964864],
  ['geluTanh', -0.003, -0.0014964095248887574, 0.49760635353408006],
  ['geluTanh', 2.5, 2.484915733910001, 1.037951576212666],
  ['softplus', -1.25, 0.2519290813453729, 0.22270013882530884],
  ['softplus', 2.5, 2.5788897342925496, 0.9241418199787564],
];

t.test('values and derivatives', async (t) => {
  for (const [name, z, ...expected] of exact) {
    for (const [i, x] of at(functions[name], z).entries()) {
      const error = Math.abs(x / expected[i] - 1);
      t.ok(error <= 3 * Number.EPSILON, `${name} at ${z}: ${x} is ${expected[i]}`);
    }
  }
});

t.test('relu and leaky relu', async (t) => {
  const Z = Float64Array.from({ length: 5001 }, random);
  t.strictSame(
    [...evaluate(relu, Z)],
    Array.from(Z, (z) => Math.max(z, 0)),
  );
  t.strictSame(
    [...evaluate(leakyRelu(0.3), Z)],
    Array.from(Z, (z) => (z > 0 ? z : 0.3 * z)),
  );
  t.strictSame(
    [...differentiate(leakyRelu(0.3), Z, Z)],
    Array.from(Z, (z) => (z > 0 ? 1 : 0.3)),
  );
  const infinite = Float64Array.of(Infinity, -Infinity);
  const negative = Float64Array.of(-1, -1);
  t.strictSame([...differentiate(leakyRelu(0), negative, negative, infinite)], [0, 0], 'a flat piece below an infinite gradient');
  t.strictSame([...differentiate(relu, negative, Float64Array.of(0, 0), infinite)], [0, 0]);
});
