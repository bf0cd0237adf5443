// Random networks: all gradients agree with central differences of the loss, with and without a penalty.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { type LossName, losses } from '../../schemas/loss.ts';
import { compute, forRandomRequests } from '../support/random-request.ts';

const STEP = 1e-5;

/** The central difference of the loss with respect to one number of the request; undefined at a kink or a jump of the loss. */
function quotient(request: GradientsRequest, numbers: number[], i: number, loss: number): number | undefined {
  const value = numbers[i];
  const slope = (step: number) => {
    numbers[i] = value + step;
    const shifted = compute(request).loss;
    numbers[i] = value;
    return (shifted - loss) / step;
  };
  const [ahead, behind] = [slope(STEP), slope(-STEP)];
  // The difference between forward and backward slope shrinks with the step, except at a kink.
  const kink = ahead - behind - 2 * (slope(STEP / 2) - slope(-STEP / 2));
  return Math.abs(kink) <= 1e-6 * Math.max(1, Math.abs(loss)) ? (ahead + behind) / 2 : undefined;
}

/** The gradients that disagree with central differences, and the number of those that agree. */
function compare(request: GradientsRequest): { wrong: string[]; right: number } {
  const { loss, gradients, input_gradients } = compute({ ...request, include: ['input_gradients'] });
  const wrong: string[] = [];
  let right = 0;
  const check = (name: string, numbers: number[], analytic: ArrayLike<number>) => {
    for (let i = 0; i < numbers.length; i++) {
      const numeric = quotient(request, numbers, i, loss);
      if (numeric === undefined) continue;
      // The error of the quotient is about STEP², plus the rounding error of the loss divided by STEP.
      const tolerance = 1e-5 * Math.max(1, Math.abs(loss), Math.abs(numeric));
      if (Math.abs(numeric - analytic[i]) <= tolerance) right++;
      else wrong.push(`${name}[${i}]: ${analytic[i]}, but the difference quotient is ${numeric}`);
    }
  };
  request.network.layers.forEach(({ weights, biases }, k) => {
    const { weights: dW, biases: db } = gradients[k];
    weights.forEach((row, o) => {
      check(`weights of layer ${k}, row ${o}`, row, dW.data.subarray(o * row.length, (o + 1) * row.length));
    });
    if (biases && db) check(`biases of layer ${k}`, biases, db);
  });
  request.batch.inputs.forEach((row, i) => {
    check(`inputs, row ${i}`, row, input_gradients?.data.subarray(i * row.length, (i + 1) * row.length) ?? []);
  });
  return { wrong, right };
}

for (const name of Object.keys(losses) as LossName[]) {
  t.test(`central differences: ${name}`, async (t) => {
    let right = 0;
    let isPenalized = false;
    t.doesNotThrow(() =>
      forRandomRequests(name, (request) => {
        isPenalized = !isPenalized;
        const result = compare(isPenalized ? { ...request, penalty: { l1: 0.3, l2: 0.7, biases: true } } : request);
        right += result.right;
        if (result.wrong.length > 0) throw new Error(result.wrong.join('\n'));
      }),
    );
    t.ok(right > 500, `${right} gradients were compared`);
  });
}
