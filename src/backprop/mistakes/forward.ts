// Mistakes in the forward pass. The backward pass goes with them: it takes the wrong values for the right ones.
import { type ActivationName, activations } from '../../../schemas/activation.ts';
import type { Dense } from '../../linalg/dense.ts';
import { activate } from '../activation.ts';
import { buildActivation } from '../activations.ts';
import type { Layer } from '../network.ts';
import type { ForwardLine, ForwardValue, Mistake } from './change.ts';
import { activationAt } from './slopes.ts';

type ForwardMistake = Mistake<ForwardLine, ForwardValue>;

/** The layer with other weights or biases. */
function withParameters({ setting, k, X }: ForwardLine, { W, b }: { W: Dense; b: Float64Array | undefined }): ForwardValue {
  const layer = setting.layers[k];
  const Z = setting.engine.forward(X, W, b);
  return { Z, A: activate(layer.f, Z, setting.engine.scratch, false), layer };
}

/** The layer with another activation. */
function withActivation({ setting, k, X }: ForwardLine, given: string | { type: string }): ForwardValue {
  const own = setting.layers[k];
  const layer = { ...own, activation: given, f: buildActivation(given) } as Layer;
  const Z = setting.engine.forward(X, own.W, own.b);
  return { Z, A: activate(layer.f, Z, setting.engine.scratch, false), layer };
}

const COMMON: readonly ActivationName[] = ['sigmoid', 'tanh', 'relu', 'leaky_relu', 'softplus', 'gelu', 'silu', 'elu', 'softmax'];

export const forwardMistakes = {
  'bias-left-out': {
    changes: (line) =>
      line.setting.layers[line.k].b
        ? [
            {
              detail: `the forward pass of layer ${line.k} has no biases`,
              compute: () => withParameters(line, { ...line.setting.layers[line.k], b: undefined }),
            },
          ]
        : [],
  },
  'activation-left-out': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      if (name === 'identity') return [];
      return [
        {
          detail: `${name} was not applied, and its derivative neither`,
          compute: () => withActivation(line, 'identity'),
        },
        {
          key: 'forward',
          detail: `${name} was not applied in the forward pass; the backward pass has its derivative`,
          compute() {
            const { Z } = withActivation(line, 'identity');
            return { Z, A: Z, layer: line.setting.layers[line.k] };
          },
        },
      ];
    },
  },
  'another-activation': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      return COMMON.filter((other) => other !== name).map((other) => ({
        key: `${name} ${other}`,
        detail: `layer ${line.k} was computed with ${other}; the request has ${name}`,
        compute: () => withActivation(line, other),
      }));
    },
  },
  'activation-options-left-out': {
    changes(line) {
      const { name, options } = activationAt(line, line.k);
      const standard = activations[name].defaults as Record<string, unknown>;
      const other = Object.keys(options).filter((key) => options[key] !== standard[key]);
      if (other.length === 0 || name === 'gelu') return [];
      return [
        {
          detail: `layer ${line.k} was computed with the default of ${other.join(' and ')} of ${name}`,
          compute: () => withActivation(line, name),
        },
      ];
    },
  },
  'gelu-of-other-form': {
    changes(line) {
      const { name, options } = activationAt(line, line.k);
      if (name !== 'gelu') return [];
      const other = options.approximate === 'tanh' ? 'none' : 'tanh';
      return [
        {
          detail: `gelu was computed ${other === 'tanh' ? 'by the approximation with tanh' : 'exactly, by erf'}; the request has approximate "${options.approximate}"`,
          compute: () => withActivation(line, { type: 'gelu', approximate: other } as { type: string }),
        },
      ];
    },
  },
  'weights-not-transposed-forward': {
    changes(line) {
      const { W, b } = line.setting.layers[line.k];
      return W.rows !== W.columns
        ? []
        : [
            {
              detail: `layer ${line.k} computes X W + b; with weights as outputs x inputs it is X W' + b`,
              compute: () => withParameters(line, { W: W.transposed(), b }),
            },
          ];
    },
  },
  'softmax-over-samples-forward': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      if (name !== 'softmax' || line.X.rows < 2) return [];
      return [
        {
          detail: 'softmax was taken over the samples (axis 0); it is over the units of a sample (axis 1)',
          compute() {
            const { Z, layer } = withActivation(line, name);
            return { Z, A: activate(layer.f, Z.transposed(), line.setting.engine.scratch, false).transposed(), layer };
          },
        },
      ];
    },
  },
} satisfies Record<string, ForwardMistake>;
