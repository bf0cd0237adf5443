// Mistakes on the way from ∂loss/∂pre-activations to ∂loss/∂inputs, the gradient that the layer before receives.
import { Dense } from '../../linalg/dense.ts';
import type { InputsLine, InputsValue, Mistake } from './change.ts';

type InputsMistake = Mistake<InputsLine, InputsValue>;

/** A column, repeated. */
function broadcast({ rows, data }: Dense, columns: number): Dense {
  const result = new Dense(rows, columns);
  for (let i = 0; i < rows; i++) result.row(i).fill(data[i]);
  return result;
}

export const inputsMistakes = {
  'inputs-from-output-gradients': {
    changes: ({ setting: { engine, layers }, k, dA }) => [
      {
        detail: "the layer before received dA W; it needs dZ W, after the multiplication by this layer's derivative",
        compute: () => ({ inputs: engine.inputGradient(dA, layers[k].W) }),
      },
    ],
  },
  'weights-not-transposed-backward': {
    changes({ setting: { engine, layers }, k, dZ }) {
      const { W } = layers[k];
      return W.rows !== W.columns
        ? []
        : [
            {
              detail: "the layer before received dZ W'; with weights as outputs x inputs it is dZ W",
              compute: () => ({ inputs: engine.forward(dZ, W) }),
            },
          ];
    },
  },
  'weights-after-update': {
    changes: ({ setting: { engine, layers }, k, dZ, step }) => [
      {
        detail: 'the gradient was passed back through weights that had been updated already; it needs those of the forward pass',
        compute: () => ({ inputs: engine.inputGradient(dZ, layers[k].W), direction: engine.inputGradient(dZ, step()) }),
      },
    ],
  },
  'weights-of-another-layer': {
    changes: ({ setting: { engine, layers }, k, dZ }) =>
      layers.flatMap(({ W }, j) =>
        j === k || W.rows !== layers[k].W.rows || W.columns !== layers[k].W.columns
          ? []
          : [
              {
                key: `${j - k}`,
                detail: `the gradient was passed back through the weights of layer ${j}; it needs those of layer ${k}`,
                compute: () => ({ inputs: engine.inputGradient(dZ, W) }),
              },
            ],
      ),
  },
  'weights-left-out-backward': {
    changes({ setting: { layers }, k, dA, dZ }) {
      const { W } = layers[k];
      if (W.rows === W.columns)
        return [{ detail: 'the layer before received dZ; it needs dZ W', compute: () => ({ inputs: dZ }) }];
      if (W.rows > 1) return [];
      // One output is broadcast to all inputs.
      return [
        {
          detail: 'every unit of the layer before received dZ of the only output; it needs dZ W',
          compute: () => ({ inputs: broadcast(dZ, W.columns) }),
        },
        {
          key: 'dA',
          detail: 'every unit of the layer before received dA of the only output; it needs dZ W',
          compute: () => ({ inputs: broadcast(dA, W.columns) }),
        },
      ];
    },
  },
  'gradient-stopped': {
    changes: ({ setting: { layers }, k, dZ }) => [
      {
        detail: `nothing was passed back from layer ${k}: the gradients of all layers before it are 0`,
        compute: () => ({ inputs: new Dense(dZ.rows, layers[k].W.columns) }),
      },
    ],
  },
} satisfies Record<string, InputsMistake>;
