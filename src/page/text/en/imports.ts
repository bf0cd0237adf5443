// The texts of building and importing networks.

export const imports = {
  notSafetensors: () => 'This is not a safetensors file.',
  cutOff: () => 'The file is cut off: a tensor ends outside it.',
  unknownDtype: (name: string, dtype: string, known: readonly string[]) =>
    `${name} has the dtype ${dtype}. The page reads ${known.join(', ')}.`,
  notNumbers: (name: string) => `${name} is not an array of finite numbers.`,
  noWeights: (names: readonly string[]) =>
    names.length === 0
      ? 'No tensors found.'
      : `No weights found: none of the names ends with "weight" or "kernel". There are ${names.slice(0, 8).join(', ')}.`,
  notLinear: (name: string) => `${name} does not belong to a linear layer. Only fully connected layers can be opened.`,
  notChained: (layers: readonly (readonly [name: string, outputs: number, inputs: number])[]) =>
    `The sizes of the layers do not match: ${layers.map(([name, outputs, inputs]) => `${name} is ${outputs} × ${inputs}`).join(', ')}.`,
};
