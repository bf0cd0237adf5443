// The texts of building and importing networks.

export const imports = {
  sizes: 'Sizes',
  sizesHint: 'Inputs, then the units of each layer, such as 2-3-3-2. Weights that still fit are kept.',
  sizesWrong: 'Expected two or more whole numbers, such as 2-3-3-2, with at most 200,000 weights.',
  build: 'Build',
  models: 'Open a network of PyTorch or Keras',
  modelsHint:
    '"Open a file" takes a state dict as .safetensors or JSON. Activations are kept if the number of layers is the same; otherwise hidden layers get relu. Other files have to be converted first, each by one line:',
  convert: (library: string, line: string) =>
    `A browser cannot read this ${library} file. Convert it, and open model.json: ${line}`,
  notNpy: (name: string) => `${name} is not a .npy file.`,
  fortranOrder: (name: string) => `${name} is in Fortran order. Save numpy.ascontiguousarray(a) instead.`,
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
