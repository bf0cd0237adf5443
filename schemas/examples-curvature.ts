// Requests to /hvp and /hessian with their answers, for the documentation. A test posts each request and compares the answer.
import type { HessianAnswer, HessianRequest, HvpAnswer, HvpRequest } from './curvature.ts';

interface Example<Request, Answer> {
  readonly summary: string;
  readonly request: Request;
  readonly answer: Answer;
}

/** One unit: a curve through three points. */
const network: HvpRequest['network'] = { layers: [{ weights: [[0.5, -1]], biases: [0.25], activation: 'tanh' }] };

const batch: HvpRequest['batch'] = {
  inputs: [
    [1, 2],
    [-1, 0.5],
    [2, 0],
  ],
  targets: [[-0.5], [0], [0.75]],
};

export const hvpExamples = {
  hessian: {
    summary: 'The product of the Hessian and a vector',
    request: { network, batch, vector: [{ weights: [[1, -1]] }] },
    answer: {
      loss: 0.17812511982134033,
      gradients: [{ weights: [[0.22425155222687623, -0.25652549743503017]], biases: [-0.2993497117894126] }],
      divisor: 3,
      products: [{ weights: [[0.017612259632735897, 0.17879506492284264]], biases: [0.2259680339196456] }],
      curvature: -0.16118280529010676,
    },
  },
  gauss_newton: {
    summary: 'The product of the Gauss-Newton matrix, with a penalty',
    request: {
      network,
      batch,
      loss: { type: 'mse', reduction: 'sum' },
      penalty: { l2: 0.1 },
      vector: [{ weights: [[1, -1]], biases: [2] }],
      matrix: 'gauss_newton',
    },
    answer: {
      loss: 0.596875359464021,
      gradients: [{ weights: [[0.7227546566806288, -0.8695764923050905]], biases: [-0.8980491353682377] }],
      divisor: 1,
      penalty: 0.0625,
      products: [{ weights: [[1.1594703225071297, 0.39248730202130455]], biases: [1.142239598392589] }],
      curvature: 3.0514622172710033,
    },
  },
} satisfies Record<string, Example<HvpRequest, HvpAnswer>>;

export const hessianExamples = {
  hessian: {
    summary: 'The Hessian of a classifier',
    request: {
      network: { layers: [{ weights: [[0.5], [-0.5]] }] },
      batch: { inputs: [[1], [2]], classes: [0, 1] },
      loss: 'cross_entropy',
    },
    answer: {
      loss: 1.2200948492805979,
      gradients: [{ weights: [[0.7463263672928848], [-0.7463263672928848]] }],
      divisor: 2,
      hessian: [
        [0.3082931374277539, -0.3082931374277539],
        [-0.3082931374277539, 0.3082931374277539],
      ],
    },
  },
  levenberg_marquardt: {
    summary: 'Two steps of Levenberg and Marquardt, to choose from',
    request: {
      network,
      batch,
      loss: { type: 'mse', reduction: 'sum' },
      matrix: 'gauss_newton',
      damping: [0.01, 1],
    },
    answer: {
      loss: 0.534375359464021,
      gradients: [{ weights: [[0.6727546566806287, -0.7695764923050905]], biases: [-0.8980491353682377] }],
      divisor: 1,
      hessian: [
        [1.4981542250352786, -0.041384637942729785, -0.2400342702354395],
        [-0.041384637942729785, 0.8070172907212644, 0.6704446153426493],
        [-0.2400342702354395, 0.6704446153426493, 1.026359241985339],
      ],
      steps: [
        {
          damping: 0.01,
          step: [{ weights: [[-0.3670944552754753, 0.6011605234172934]], biases: [0.39261390579925565] }],
          loss: 0.31963289769934805,
        },
        {
          damping: 1,
          step: [{ weights: [[-0.23400392472400822, 0.3036516570066117]], biases: [0.3149977271846174] }],
          loss: 0.0049412778542452275,
        },
      ],
    },
  },
} satisfies Record<string, Example<HessianRequest, HessianAnswer>>;
