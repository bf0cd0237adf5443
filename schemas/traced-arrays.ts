// What /check compares of a trace, and how exactly. Apart from the schemas, since the page reads it, too.

/** The arrays of a layer in the candidate's trace, by their names in an answer to /gradients. */
export const tracedArrays = {
  inputs: 'samples x inputs',
  pre_activations: 'samples x outputs',
  outputs: 'samples x outputs',
  output_gradients: 'samples x outputs',
  slopes: 'samples x outputs',
  pre_activation_gradients: 'samples x outputs',
  input_gradients: 'samples x inputs',
} as const;

export type TracedArray = keyof typeof tracedArrays;

/** The tolerance by default: above the rounding errors of float64, below those of most mistakes. */
export const DEFAULT_TOLERANCE = 1e-6;
