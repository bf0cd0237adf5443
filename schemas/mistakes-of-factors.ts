// Mistakes that multiply right numbers by a constant.
import type { MistakeText } from './mistake-text.ts';

export const factorTexts = {
  'summed-not-averaged': {
    title: 'The loss is a sum where it should be a mean',
    wrong: 'dY = 2 * (Y - T)',
    right: 'dY = 2 * (Y - T) / Y.size',
    sign: 'Loss and gradients are too large by the divisor, and grow with the batch.',
    remedy: 'Divide by the divisor of the reduction, or ask for "reduction": "sum".',
  },
  'mean-over-samples-only': {
    title: 'The mean is over the samples, not over the outputs',
    wrong: 'dY = 2 * (Y - T) / len(Y)',
    right: 'dY = 2 * (Y - T) / Y.size',
    sign: 'All gradients are too large by the number of outputs.',
    remedy: 'Divide by samples x outputs, or ask for "reduction": "batchmean".',
  },
  'mean-over-outputs-too': {
    title: 'The mean is over all numbers where another reduction was asked for',
    wrong: 'dY = 2 * (Y - T) / Y.size',
    right: 'dY = 2 * (Y - T) / len(Y)',
    sign: 'All gradients are too small by the same whole number.',
    remedy: 'Divide as the reduction says, or ask for "reduction": "mean".',
  },
  'factor-half': {
    title: 'Everything is half as large: the 2 of the derivative of a square is missing',
    wrong: 'dY = (Y - T) / Y.size',
    right: 'dY = 2 * (Y - T) / Y.size',
    sign: 'All ratios are 0.5. The loss is right if only the derivative lacks its 2.',
    remedy: 'Loss and derivative must belong together: (y - t)^2 has the derivative 2 (y - t).',
  },
  'factor-two': {
    title: 'Everything is twice as large',
    wrong: 'dW += dZ.T @ X  # not set to 0 since the last pass',
    right: 'dW = dZ.T @ X',
    sign: 'All ratios are 2.',
    remedy: 'Set gradients to 0 before a pass, and count each term once.',
  },
  'sign-reversed': {
    title: 'The sign is reversed',
    wrong: 'dY = 2 * (T - Y) / Y.size',
    right: 'dY = 2 * (Y - T) / Y.size',
    sign: 'All ratios are -1, and the loss grows with each step.',
    remedy: 'The derivative is y - t; a step subtracts it.',
  },
  'mean-over-outputs-only': {
    title: 'The mean is over the outputs, not over the samples',
    wrong: 'dY = 2 * (Y - T) / Y.shape[1]',
    right: 'dY = 2 * (Y - T) / Y.size',
    sign: 'All gradients are too large by the number of samples.',
    remedy: 'Divide by the number of samples, too.',
  },
  'averaged-twice': {
    title: 'The mean over the samples is taken twice',
    wrong: 'dW = dZ.T @ X / len(X)  # dZ has been divided already',
    right: 'dW = dZ.T @ X',
    sign: 'Gradients are too small by the number of samples.',
    remedy: 'Divide once: in the derivative of the loss, or in the gradients of the parameters.',
  },
  'logarithm-base': {
    title: 'The logarithm is that to base 2',
    wrong: 'loss = -np.sum(T * np.log2(P)) / len(P)',
    right: 'loss = -np.sum(T * np.log(P)) / len(P)',
    sign: 'The loss is too large by 1.4427; so are the gradients, if they are those of log2.',
    remedy: 'Use the natural logarithm, np.log.',
  },
  'logarithm-base-10': {
    title: 'The logarithm is that to base 10',
    wrong: 'loss = -np.sum(T * np.log10(P)) / len(P)',
    right: 'loss = -np.sum(T * np.log(P)) / len(P)',
    sign: 'The loss is too small by 0.4343; so are the gradients, if they are those of log10.',
    remedy: 'Use the natural logarithm, np.log.',
  },
  'constant-factor': {
    title: 'Everything is multiplied by a constant',
    wrong: 'dW = 0.01 * dZ.T @ X',
    right: 'dW = dZ.T @ X',
    sign: 'All ratios are the same. If it is the learning rate, the gradients contain the step.',
    remedy: 'Compare gradients, not steps: multiply by the learning rate in the update.',
  },
  'mean-in-parameters-only': {
    title: 'The division by the number of samples comes late: in dW and db',
    wrong: 'dZ = A - T; dW = dZ.T @ X / len(X)',
    right: 'dZ = (A - T) / len(X); dW = dZ.T @ X',
    sign: 'Gradients of parameters are right; those of outputs and pre-activations are too large by the divisor.',
    remedy: 'Nothing is wrong with the step. Compare gradients of parameters only, or divide in the derivative of the loss.',
  },
} satisfies Record<string, MistakeText>;
