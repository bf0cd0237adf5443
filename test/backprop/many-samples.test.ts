// Sums over many samples and many outputs are as accurate as one number, with every engine.
import t from 'tap';
import { tensor } from '../../schemas/numbers.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import { openblas } from '../../src/linalg/openblas.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { planGradients } from '../../src/work/gradients.ts';

const SAMPLES = 1_000_000;
const full = (n: number, value: number) => new Float64Array(n).fill(value);

function hasBlas(): boolean {
  try {
    openblas(new Scratch());
    return true;
  } catch {
    return false;
  }
}

for (const name of ['openblas', 'portable', 'ml-matrix'] as const) {
  t.test(name, { skip: name === 'openblas' && !hasBlas() && 'there is no BLAS here' }, async (t) => {
    const engine = loadEngine({ name });
    const near = (actual: number, expected: number, tolerance: number, what: string) =>
      t.ok(Math.abs(actual / expected - 1) <= tolerance, `${what}: ${actual}`);

    for (const weight of [undefined, 0.1]) {
      const { loss, divisor, gradients } = planGradients({
        network: { layers: [{ weights: tensor([1, 1], full(1, 1)), biases: full(1, 0.3) }] },
        batch: {
          inputs: tensor([SAMPLES, 1], full(SAMPLES, 0.1)),
          targets: tensor([SAMPLES, 1], full(SAMPLES, 0)),
          ...(weight && { sample_weights: full(SAMPLES, weight) }),
        },
      }).run(engine);
      near(loss, 0.16, 1e-15, 'loss');
      near(divisor, (weight ?? 1) * SAMPLES, 1e-15, 'divisor');
      near(gradients[0].biases?.[0] ?? 0, 0.8, 1e-15, 'gradient of the bias');
      near(gradients[0].weights.data[0], 0.08, 1e-13, 'gradient of the weight');
    }

    // More weights than those for which products are split most.
    const units = 40;
    const many = planGradients({
      network: { layers: [{ weights: tensor([units, units], full(units * units, 0.1)) }] },
      batch: {
        inputs: tensor([20_000, units], full(20_000 * units, 0.1)),
        targets: tensor([20_000, units], full(20_000 * units, 0.3)),
      },
    }).run(engine);
    // Outputs are 0.4, so each weight's gradient is 2 (0.4 - 0.3) 0.1 / units.
    near(many.gradients[0].weights.data[0], 0.02 / units, 1e-13, 'gradient of one of many weights');

    const wide = planGradients({
      network: { layers: [{ weights: tensor([100_000, 1], full(100_000, 0.4)) }] },
      batch: { inputs: tensor([1, 1], full(1, 1)), targets: tensor([1, 100_000], full(100_000, 0)) },
    }).run(engine);
    near(wide.loss, 0.16, 1e-15, 'loss of many outputs');
  });
}
