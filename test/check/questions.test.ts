// One case from each of ten public questions about backpropagation that does not work. The networks and numbers are others.
import t from 'tap';
import { check, explainsAll } from './candidates.ts';
import { checkOf, reluMse, sigmoidMse, wrong } from './corpus.ts';
import { addRow, dot, map, plus, scale, sum0, T, times } from './numpy.ts';
import { df, type Lines, type Problem, problem, rightLines } from './program.ts';

interface Question {
  readonly from: string;
  readonly what: string;
  readonly p: Problem;
  readonly lines: Partial<Lines>;
  /** The mistakes that are made. */
  readonly mistakes: readonly string[];
}

const sigmoids = (seed: number, sizes: number[]) => problem(seed, sizes, ['sigmoid', 'sigmoid'], 'mse', { samples: 4 });
const updated: Lines['dX'] = (at) => dot(at.dZ, plus(at.W[at.k], scale(-0.3, at.dW)));

const questions: readonly Question[] = [
  {
    from: 'https://github.com/joelgrus/data-science-from-scratch/issues/31',
    what: 'the hidden deltas are computed with output weights that have been updated',
    p: sigmoids(201, [3, 5, 2]),
    lines: { dX: updated },
    mistakes: ['weights-after-update'],
  },
  {
    from: 'https://whosebug.com/question/2948401',
    what: "the hidden delta is the output's error times the hidden slope, without the weights",
    p: sigmoids(202, [2, 3, 1]),
    lines: { dX: (at) => map(at.A[at.k], (_, i) => at.dA[i][0]) },
    mistakes: ['weights-left-out-backward'],
  },
  {
    from: 'https://github.com/iamtrask/Grokking-Deep-Learning/issues/37',
    what: 'target - output, but the update subtracts',
    p: problem(203, [3, 4, 1], ['relu', 'identity'], 'mse'),
    lines: { dY: (p, Y) => map(Y, (y, i, j) => (2 * (p.T[i][j] - y)) / Y.length) },
    mistakes: ['sign-reversed'],
  },
  {
    from: 'https://github.com/jiexunsee/Neural-Network-with-Python/issues/1',
    what: 'the error of the output is not multiplied by the slope of its sigmoid',
    p: problem(204, [3, 5, 4, 1], ['sigmoid', 'sigmoid', 'sigmoid'], 'mse'),
    lines: { dZ: (at) => (at.k === 2 ? at.dA : rightLines.dZ(at)) },
    mistakes: ['derivative-left-out'],
  },
  {
    from: 'https://github.com/Bot-Academy/NeuralNetworkFromScratch/pull/3',
    what: 'the slope of the output is missing, and the weights are updated too early',
    p: sigmoids(205, [4, 6, 3]),
    lines: { dZ: (at) => (at.k === 1 ? at.dA : rightLines.dZ(at)), dX: updated },
    mistakes: ['derivative-left-out', 'weights-after-update'],
  },
  {
    from: 'https://github.com/pytorch/pytorch/issues/19699',
    what: 'MSELoss of outputs (N, 1) and targets (N)',
    p: problem(206, [3, 4, 1], ['relu', 'identity'], 'mse', { samples: 7 }),
    lines: {
      loss: (p, Y) => Y.flatMap(([y]) => p.T.map(([target]) => (y - target) ** 2)).reduce((a, b) => a + b) / Y.length ** 2,
      dY: (p, Y) => Y.map(([y]) => [p.T.map(([target]) => (2 * (y - target)) / Y.length ** 2).reduce((a, b) => a + b)]),
    },
    mistakes: ['targets-broadcast'],
  },
  {
    from: 'https://github.com/iamtrask/Grokking-Deep-Learning/pull/13',
    what: 'relu2deriv(output) is output >= 0, which is true of every output',
    p: reluMse,
    lines: {
      dZ: (at) =>
        at.k < 2
          ? times(
              at.dA,
              map(at.A[at.k + 1], (a) => (a >= 0 ? 1 : 0)),
            )
          : at.dA,
    },
    mistakes: ['derivative-left-out'],
  },
  {
    from: 'https://github.com/unda-ml/unda/issues/1',
    what: "the derivative of the previous layer's activation",
    p: problem(208, [3, 5, 4, 2], ['tanh', 'sigmoid', 'identity'], 'mse'),
    lines: { dZ: (at) => (at.k === 1 ? times(at.dA, map(at.Z[1], df.tanh)) : rightLines.dZ(at)) },
    mistakes: ['derivative-of-neighbouring-layer'],
  },
  {
    from: 'https://datascience.stackexchange.com/questions/20139/gradients-for-bias-terms-in-backpropagation',
    what: 'why not subtract the matrix as a whole: db is dz2, not its sum',
    p: sigmoids(209, [3, 5, 2]),
    lines: { db: (at) => at.dZ },
    mistakes: ['bias-not-summed'],
  },
  {
    from: 'https://dev.to/shamdasani/build-a-flexible-neural-network-with-backpropagation-in-python/comments',
    what: 'sigmoidPrime(o) with sigmoid(s) * (1 - sigmoid(s)), of an output o that is a sigmoid already',
    p: sigmoidMse,
    lines: { dZ: (at) => times(at.dA, map(at.A[at.k + 1], df.sigmoid)) },
    mistakes: ['derivative-at-output'],
  },
];

for (const { from, what, p, lines, mistakes } of questions)
  t.test(`${what} (${from})`, async (t) => {
    const answer = check(checkOf(wrong('constant-factor', p, lines), false));
    t.strictSame(answer.diagnoses.map(({ mistake }) => mistake).toSorted(), [...mistakes].toSorted());
    t.ok(explainsAll(answer));
  });

t.test('the right program agrees', async (t) => {
  for (const { p } of questions) t.equal(check(checkOf(wrong('constant-factor', p, {}), true)).agrees, true);
  // The program itself is right: its line for the pre-activations, written out once more.
  const [x] = sigmoidMse.X;
  t.strictSame(rightLines.Z(sigmoidMse, 0, [x]), addRow(dot([x], T(sigmoidMse.W[0])), sigmoidMse.b[0]));
  t.strictSame(
    sum0([
      [1, 2],
      [3, 4],
    ]),
    [4, 6],
  );
});
