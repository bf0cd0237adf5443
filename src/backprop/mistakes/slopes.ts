// Mistakes in the derivative of an activation, on the way from ∂loss/∂outputs to ∂loss/∂pre-activations.
import type { ActivationName } from '../../../schemas/activation.ts';
import { activations } from '../../../schemas/activation.ts';
import { resolve } from '../../../schemas/variant.ts';
import type { Dense } from '../../linalg/dense.ts';

import { activate, slopesOf } from '../activation.ts';
import { buildActivation } from '../activations.ts';
import type { Mistake, SlopeLine, SlopeValue } from './change.ts';

import { mapped } from './loss-values.ts';

export type SlopeMistake = Mistake<SlopeLine, SlopeValue>;

/** The name of the activation of layer k, and its options. */
export function activationAt({ setting }: Pick<SlopeLine, 'setting'>, k: number) {
  const { name, options } = resolve(activations, setting.layers[k].activation as { type: string });
  return { name, options: options as Readonly<Record<string, number & string>> };
}

/** f′(z) as a formula of a = f(z), for those activations that have one. */
export const byOutput: {
  readonly [Name in ActivationName]?: { text: string; slope(a: number, options: Record<string, number>): number };
} = {
  tanh: { text: '1 - a^2', slope: (a) => 1 - a * a },
  sigmoid: { text: 'a (1 - a)', slope: (a) => a * (1 - a) },
  softplus: { text: '1 - exp(-a)', slope: (a, { beta }) => 1 - Math.exp(-beta * a) },
  softsign: { text: '(1 - |a|)^2', slope: (a) => (1 - Math.abs(a)) ** 2 },
  elu: { text: '1 for a > 0, else a + alpha', slope: (a, { alpha }) => (a > 0 ? 1 : a + alpha) },
  exp: { text: 'a', slope: (a) => a },
  logsigmoid: { text: '1 - exp(a)', slope: (a) => 1 - Math.exp(a) },
  softmax: { text: 'a (1 - a)', slope: (a) => a * (1 - a) },
};

/** The right slopes of layer k; undefined for softmax and log_softmax. */
function rightSlopes({ setting, steps }: SlopeLine, k: number): Dense | undefined {
  const { Z, A } = steps[k];
  return slopesOf(setting.layers[k].f, Z, A, setting.engine.scratch);
}

/** The slopes of the activation `given` at Z. */
export function slopesAt({ setting }: SlopeLine, given: string | { type: string }, Z: Dense): Dense | undefined {
  const { scratch } = setting.engine;
  const f = buildActivation(given);
  return slopesOf(f, Z, activate(f, Z, scratch, false), scratch);
}

export const slopes = (S: Dense | undefined): SlopeValue | undefined => S && { slopes: S };

/** A mistake for some activations only, with another formula for the slope. */
function formula(
  names: { readonly [Name in ActivationName]?: readonly [wrong: string, right: string, slope: (z: number, a: number) => number] },
): SlopeMistake {
  return {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const found = names[name];
      if (!found) return [];
      const [wrong, right, slope] = found;
      const { Z, A } = line.steps[line.k];
      return [
        {
          detail: `${name}' was computed as ${wrong}; it is ${right}`,
          compute: () => slopes(mapped(Z, (z, at) => slope(z, A.data[at]))),
        },
      ];
    },
  };
}

/** A change of the right slopes. */
function ofSlopes(
  detail: (name: string) => string,
  change: (slope: number, z: number, a: number) => number,
  isFor: (name: ActivationName) => boolean = (name) => name !== 'identity',
): SlopeMistake {
  return {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { Z, A } = line.steps[line.k];
      if (!isFor(name)) return [];
      return [
        {
          detail: detail(name),
          compute() {
            const S = rightSlopes(line, line.k);
            return slopes(S && mapped(S, (s, at) => change(s, Z.data[at], A.data[at])));
          },
        },
      ];
    },
  };
}

const areRelus = (name: ActivationName): boolean => name === 'relu' || name === 'leaky_relu' || name === 'relu6';

export const slopeMistakes = {
  'derivative-at-pre-activation': {
    changes(line) {
      const { name, options } = activationAt(line, line.k);
      const found = byOutput[name];
      if (!found) return [];
      const text = (x: string) => found.text.replaceAll(/\ba\b/g, x);
      const { Z } = line.steps[line.k];
      return [
        {
          detail: `${name}' was computed as ${text('z')}; it is ${found.text} with a = ${name}(z)`,
          compute: () => slopes(mapped(Z, (z) => found.slope(z, options))),
        },
      ];
    },
  },
  'derivative-at-output': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { A } = line.steps[line.k];
      if (name === 'identity') return [];
      return [
        {
          detail: `${name}' was taken at a = ${name}(z): ${name} is applied twice; it belongs at z`,
          compute: () => slopes(slopesAt(line, line.setting.layers[line.k].activation as { type: string }, A)),
        },
      ];
    },
  },
  'derivative-left-out': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      if (name === 'identity') return [];
      return [{ detail: `the gradient was not multiplied by ${name}'`, compute: () => ({ dZ: line.dA }) }];
    },
  },
  'derivative-twice': ofSlopes(
    (name) => `the gradient was multiplied by ${name}' twice`,
    (s) => s * s,
  ),
  'output-in-place-of-derivative': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { A } = line.steps[line.k];
      return name === 'identity'
        ? []
        : [
            {
              detail: `the gradient was multiplied by a = ${name}(z) in place of ${name}'(z)`,
              compute: () => ({ slopes: A, dZ: mapped(A, (a, at) => a * line.dA.data[at]) }),
            },
          ];
    },
  },
  'pre-activation-in-place-of-derivative': ofSlopes(
    (name) => `the gradient was multiplied by z in place of ${name}'(z)`,
    (_, z) => z,
  ),
  'square-left-out': formula({
    tanh: ['1 - a', '1 - a^2', (_, a) => 1 - a],
    softsign: ['1 - |a|', '(1 - |a|)^2', (_, a) => 1 - Math.abs(a)],
  }),
  'factor-left-out': formula({
    sigmoid: ['1 - a', 'a (1 - a)', (_, a) => 1 - a],
  }),
  'sign-inside-derivative': formula({
    tanh: ['1 + a^2', '1 - a^2', (_, a) => 1 + a * a],
    sigmoid: ['a (1 + a)', 'a (1 - a)', (_, a) => a * (1 + a)],
    softplus: ['sigmoid(-z)', 'sigmoid(z)', (z) => 1 / (1 + Math.exp(z))],
  }),
  'slope-1-at-0': ofSlopes(
    (name) => `${name}' was taken as 1 at z = 0 (z >= 0); here, as in PyTorch, it is that of z < 0`,
    (s, z) => (z === 0 ? 1 : s),
    areRelus,
  ),
  'mask-inverted': ofSlopes(
    (name) => `${name}' was taken for z < 0 where z > 0, and the reverse`,
    (_, z) => (z > 0 ? 0 : 1),
    (name) => name === 'relu',
  ),
  'mask-by-gradient': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      return name === 'relu'
        ? [
            {
              detail: 'relu was applied to the gradient itself: it is 0 where the gradient is below 0; it must be 0 where z is',
              compute: () => ({ dZ: mapped(line.dA, (d) => Math.max(0, d)) }),
            },
          ]
        : [];
    },
  },
  'activation-applied-to-gradient': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { f } = line.setting.layers[line.k];
      return name === 'identity' || name === 'relu'
        ? []
        : [
            {
              detail: `${name} was applied to the gradient; it must be multiplied by ${name}'(z)`,
              compute: () => ({ dZ: activate(f, line.dA, line.setting.engine.scratch, false) }),
            },
          ];
    },
  },
  'options-left-out-of-derivative': {
    changes(line) {
      const { name, options } = activationAt(line, line.k);
      const standard = activations[name].defaults as Record<string, unknown>;
      const other = Object.keys(options).filter((key) => options[key] !== standard[key]);
      if (other.length === 0 || name === 'gelu') return [];
      return [
        {
          detail: `${name}' was computed with the default of ${other.join(' and ')}`,
          compute: () => slopes(slopesAt(line, name, line.steps[line.k].Z)),
        },
      ];
    },
  },
  'gelu-derivative-of-other-form': {
    changes(line) {
      const { name, options } = activationAt(line, line.k);
      if (name !== 'gelu') return [];
      const other = options.approximate === 'tanh' ? 'none' : 'tanh';
      const form = (approximate: string) => (approximate === 'tanh' ? 'the approximation by tanh' : 'the exact form, by erf');
      return [
        {
          detail: `gelu' is that of ${form(other)}; the layer has ${form(options.approximate)}`,
          compute: () => slopes(slopesAt(line, { type: 'gelu', approximate: other } as { type: string }, line.steps[line.k].Z)),
        },
      ];
    },
  },
  'product-rule-left-out': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const factor = { gelu: 'Phi(z)', silu: 'sigmoid(z)', mish: 'tanh(softplus(z))' }[name as string];
      if (!factor) return [];
      const { Z, A } = line.steps[line.k];
      const one = (z: number, at: number) => (z === 0 ? (name === 'mish' ? 0.6 : 0.5) : A.data[at] / z);
      return [
        {
          detail: `${name}' was computed as ${factor}; it has a second term, z times the derivative of ${factor}`,
          compute: () => slopes(mapped(Z, one)),
        },
        {
          key: 'second',
          detail: `${name}' was computed as z times the derivative of ${factor}; it has a second term, ${factor}`,
          compute() {
            const S = rightSlopes(line, line.k) as Dense;
            return slopes(mapped(Z, (z, at) => S.data[at] - one(z, at)));
          },
        },
      ];
    },
  },
} satisfies Record<string, SlopeMistake>;
