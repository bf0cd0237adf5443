// Requests to /vjp, /jvp and /jacobian with their answers, for the documentation. A test posts each request and compares the answer.
import type { JacobianAnswer, JacobianRequest, JvpAnswer, JvpRequest, VjpAnswer, VjpRequest } from './derivatives.ts';

interface Example<Request, Answer> {
  readonly summary: string;
  readonly request: Request;
  readonly answer: Answer;
}

/** A network of two inputs, two hidden units and one output. */
const network: VjpRequest['network'] = {
  layers: [
    {
      weights: [
        [0.5, -0.25],
        [0.75, 1],
      ],
      biases: [0.1, -0.2],
      activation: 'tanh',
    },
    { weights: [[1, -0.5]], biases: [0.25] },
  ],
};

const batch: VjpRequest['batch'] = {
  inputs: [
    [1, 2],
    [-0.5, 1.5],
  ],
};

export const vjpExamples = {
  cotangents: {
    summary: 'The gradient of the outputs, weighted by 1 and -2',
    request: { network, batch, cotangents: [[1], [-2]] },
    answer: {
      outputs: [[-0.14427220388346007], [-0.5956769013552137]],
      gradients: [
        {
          weights: [
            [1.7581760825427342, -0.3241967933910037],
            [-0.24686906632983407, 0.6803763960148351],
          ],
          biases: [-0.5461532925431489, 0.4575996508748679],
        },
        { weights: [[1.062767591353572, -0.4686280149467912]], biases: [-1] },
      ],
      input_gradients: [
        [0.48599852497751983, -0.25956273330679336],
        [-0.4158754330929434, 0.8537007073174485],
      ],
    },
  },
} satisfies Record<string, Example<VjpRequest, VjpAnswer>>;

export const jvpExamples = {
  parameters: {
    summary: 'Along a direction of some parameters; those left out stay as they are',
    request: { network, batch, tangents: { parameters: [{ biases: [1, 0] }, { weights: [[0.5, 1]] }] } },
    answer: {
      outputs: [[-0.14427220388346007], [-0.5956769013552137]],
      output_tangents: [[2.0277806851767495], [1.2555890984949518]],
    },
  },
  inputs: {
    summary: 'Along a direction of the inputs, samples in columns',
    request: {
      network,
      batch: {
        inputs: [
          [1, -0.5],
          [2, 1.5],
        ],
        samples: 'columns',
      },
      tangents: {
        inputs: [
          [1, 0],
          [0, 1],
        ],
      },
    },
    answer: {
      outputs: [[-0.14427220388346007, -0.5956769013552137]],
      output_tangents: [[0.48599852497751983, -0.42685035365872426]],
    },
  },
} satisfies Record<string, Example<JvpRequest, JvpAnswer>>;

export const jacobianExamples = {
  inputs: {
    summary: 'With respect to the inputs',
    request: { network, batch, of: 'inputs' },
    answer: {
      outputs: [[-0.14427220388346007], [-0.5956769013552137]],
      jacobian: [[[0.48599852497751983, -0.25956273330679336]], [[0.2079377165464717, -0.42685035365872426]]],
    },
  },
  parameters: {
    summary: 'With respect to the parameters, of one sample',
    request: { network, batch: { inputs: [[1, 2]] }, of: 'parameters' },
    answer: {
      outputs: [[-0.14427220388346007]],
      jacobian: [
        {
          weights: [
            [
              [
                [0.9900662908474398, 1.9801325816948796],
                [-0.01204616059493342, -0.02409232118986684],
              ],
            ],
          ],
          biases: [[[0.9900662908474398, -0.01204616059493342]]],
        },
        { weights: [[[[0.09966799462495582, 0.9878803970168317]]]], biases: [[[1]]] },
      ],
    },
  },
} satisfies Record<string, Example<JacobianRequest, JacobianAnswer>>;
