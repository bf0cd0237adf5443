// What people call the arrays of backpropagation: dW1, W1.grad, layers.0.weight, delta2, Z[1], J.
import type { Kind } from './slots.ts';

export interface Meaning {
  readonly kind: Kind | undefined;
  /** The number in the name. */
  readonly index: number | undefined;
  /** Whether the way in which the number is written counts from 0: W[0] and layers.0 do, W{1}, [[1]] and W1 don't. */
  readonly fromZero: boolean;
  /** What the gradients of one layer have in common: layers.0 of layers.0.weight. */
  readonly stem: string;
}

/** Names of two and more words, without what separates them. */
const PHRASES: readonly [RegExp, Kind][] = [
  [/preactivations?grad|gradientsofpreact/, 'pre_activation_gradients'],
  [/outputs?grad/, 'output_gradients'],
  [/inputs?grad/, 'input_gradients'],
  [/preact/, 'pre_activations'],
  [/slope|fprime/, 'slopes'],
  [/^(?:candidate)?(?:yhat|ypred|ytilde|predictions?|preds?|logits|probs|probabilities|outputs?)$/, 'network_outputs'],
];

const WORDS: Record<string, Kind> = {};
const words = (kind: Kind, names: string) => {
  for (const name of names.split(' ')) WORDS[name] = kind;
};
words('weights', 'w dw gw weight weights kernel kernels theta coef coefs');
words('biases', 'b db gb bias biases intercept intercepts');
words('pre_activations', 'z net');
words('outputs', 'a h activation activations outputs output');
words('inputs', 'x inputs');
words('pre_activation_gradients', 'dz delta deltas');
words('output_gradients', 'da dh dy');
words('input_gradients', 'dx');
words('network_outputs', 'y');
words('loss', 'loss cost j l e');

/** What a value is called when it is a gradient. */
const GRADIENT_OF: Partial<Record<Kind, Kind>> = {
  pre_activations: 'pre_activation_gradients',
  outputs: 'output_gradients',
  network_outputs: 'output_gradients',
  inputs: 'input_gradients',
};

/** What the name of an array says. */
export function meaningOf(name: string): Meaning {
  const short = name
    .replace(/∂|∇|nabla_?/gi, 'd')
    // dL/dW1 is dW1.
    .replace(/^d(?:L|J|E|C|loss|cost)\s*[/_]?\s*(?=d)/i, '');
  const tokens = short.match(/[A-Z]?[a-zα-ω]+|[A-ZΑ-Ω]+(?![a-z])|\d+/g) ?? [];
  const letters = glued(tokens.filter((token) => !/\d/.test(token)).map((token) => token.toLowerCase()));
  const numbers = tokens.filter((token) => /\d/.test(token));
  const index = numbers.length === 0 ? undefined : Number(numbers[numbers.length - 1]);
  const kind = kindOf(letters, index);
  return {
    kind,
    index,
    fromZero: /(?<!\[)\[\d+\](?!\])|(?:^|[./])\d+(?:[./]|$)/.test(short),
    stem: short.replace(/[./_]?(?:weights?|kernels?|bias(?:es)?|grad(?:ients?)?|[dg]?[wWbB](?=\d|\W|_|$))/g, ''),
  };
}

function kindOf(letters: readonly string[], index: number | undefined): Kind | undefined {
  const squeezed = letters.join('');
  const phrase = PHRASES.find(([pattern]) => pattern.test(squeezed));
  if (phrase) return phrase[1] === 'network_outputs' && index !== undefined ? 'outputs' : phrase[1];
  if (/true|target|label/.test(squeezed)) return undefined;
  const word = letters.findLast((one) => Object.hasOwn(WORDS, one));
  if (word === undefined) return undefined;
  const kind = WORDS[word];
  const isGradient = letters.some((one) => /^(?:d|g|grads?|gradients?)$/.test(one));
  if (isGradient) return GRADIENT_OF[kind] ?? kind;
  return kind === 'network_outputs' && index !== undefined ? 'outputs' : kind;
}

/** d W is dw: a capital begins a word. */
function glued(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of words) {
    const last = found[found.length - 1];
    if (last === 'd' || last === 'g') found[found.length - 1] = last + word;
    else found.push(word);
  }
  return found;
}
