// Mistakes with the weights of samples and classes, label smoothing and ignored samples.
import type { MistakeText } from './mistake-text.ts';

export const weightTexts = {
  'sample-weights-left-out': {
    title: 'Sample weights are left out',
    wrong: 'loss = np.mean(losses)',
    right: 'loss = np.sum(s * losses) / np.sum(s)',
    sign: 'All samples count the same.',
    remedy: 'Multiply each sample by its weight, and divide by the sum of the weights.',
  },
  'sample-weights-not-in-divisor': {
    title: 'The divisor is the number of samples in place of the sum of their weights',
    wrong: 'loss = np.sum(s * losses) / len(s)',
    right: 'loss = np.sum(s * losses) / np.sum(s)',
    sign: 'All ratios are sum(s) / n.',
    remedy: 'Divide by the sum of the weights.',
  },
  'sample-weights-only-in-divisor': {
    title: 'The weights of the samples are in the divisor only',
    wrong: 'loss = np.sum(losses) / np.sum(s)',
    right: 'loss = np.sum(s * losses) / np.sum(s)',
    sign: 'Samples count the same, but the scale is off.',
    remedy: 'Multiply each sample by its weight.',
  },
  'class-weights-left-out': {
    title: 'Class weights are left out',
    wrong: 'dZ = (P - T) / len(P)',
    right: 'dZ = w[t, None] * (P - T) / np.sum(w[t])',
    sign: 'All classes count the same.',
    remedy: 'Multiply each sample by the weight of its class.',
  },
  'class-weights-not-in-divisor': {
    title: 'The divisor is the number of samples in place of the sum of class weights',
    wrong: 'dZ = w[t, None] * (P - T) / len(P)',
    right: 'dZ = w[t, None] * (P - T) / np.sum(w[t])',
    sign: 'All ratios are the same: the mean weight.',
    remedy: "Divide by the sum of the weights of the samples' classes, as PyTorch does.",
  },
  'class-weights-only-in-divisor': {
    title: 'Class weights are in the divisor only',
    wrong: 'dZ = (P - T) / np.sum(w[t])',
    right: 'dZ = w[t, None] * (P - T) / np.sum(w[t])',
    sign: 'Classes count the same, but the scale is off.',
    remedy: 'Multiply each sample by the weight of its class.',
  },
  'pos-weight-left-out': {
    title: 'pos_weight is left out',
    wrong: 'dZ = P - T',
    right: 'dZ = (1 - T) * P - w * T * (1 - P)',
    sign: 'Only outputs with positive targets differ.',
    remedy: 'Multiply the term of positive targets by pos_weight.',
  },
  'pos-weight-on-all-targets': {
    title: 'pos_weight is applied to both terms',
    wrong: 'dZ = w * (P - T)',
    right: 'dZ = (1 - T) * P - w * T * (1 - P)',
    sign: 'Only outputs with targets below 1 differ.',
    remedy: 'Multiply the term of positive targets only.',
  },
  'label-smoothing-left-out': {
    title: 'Label smoothing is left out',
    wrong: 'dZ = P - T',
    right: 'dZ = P - (T * (1 - e) + e / classes)',
    sign: 'All output gradients are off by the smoothing.',
    remedy: 'Smooth the targets before they are subtracted.',
  },
  'label-smoothing-on-other-classes': {
    title: 'Smoothing is shared among the wrong classes only',
    wrong: 'T = np.where(T == 1, 1 - e, e / (classes - 1))',
    right: 'T = T * (1 - e) + e / classes',
    sign: 'The true class gets 1 - e in place of 1 - e + e / classes.',
    remedy: 'Share the smoothing among all classes, as PyTorch does.',
  },
  'ignored-samples-counted': {
    title: 'Samples of the ignored class count',
    wrong: 'dZ = (P - T) / len(P)',
    right: 'dZ = (P - T) * (t != ignored)[:, None] / np.sum(t != ignored)',
    sign: 'Rows of dZ that should be 0 are not.',
    remedy: 'Set the gradients of ignored samples to 0.',
  },
  'ignored-samples-in-divisor': {
    title: 'Ignored samples are counted in the divisor',
    wrong: 'dZ = D * (t != ignored)[:, None] / len(t)',
    right: 'dZ = D * (t != ignored)[:, None] / np.sum(t != ignored)',
    sign: 'All ratios are the share of samples that are not ignored.',
    remedy: 'Divide by the number of samples that are not ignored.',
  },
} satisfies Record<string, MistakeText>;
