// Mistakes that multiply right numbers by a constant, in Chinese.
import type { factorTexts as english } from '../mistakes-of-factors.ts';
import type { ChineseMistakeText } from './mistake-text.ts';

export const factorTexts = {
  'summed-not-averaged': {
    title: '损失应取均值，却取了总和',
    sign: '损失和梯度都是应有值的 N 倍，N 是除数；样本越多，损失和梯度越大。',
    remedy: '除以归约方式所定的除数，或在请求中写 "reduction": "sum"。',
  },
  'mean-over-samples-only': {
    title: '只对样本取了均值，没有对输出取均值',
    sign: '所有梯度都是应有值的 N 倍，N 是输出的个数。',
    remedy: '除以样本数与输出个数之积，或在请求中写 "reduction": "batchmean"。',
  },
  'mean-over-outputs-too': {
    title: '要求的是别的归约方式，却对所有数取了均值',
    sign: '所有梯度都只有应有值的 1/N，N 是同一个整数。',
    remedy: '按归约方式去除，或在请求中写 "reduction": "mean"。',
  },
  'factor-half': {
    title: '所有的数都只有一半：漏了平方求导得到的 2',
    sign: '所有比值都是 0.5。如果只有导数漏了 2，损失仍是对的。',
    remedy: '损失与导数必须配套：(y - t)^2 的导数是 2 (y - t)。',
  },
  'factor-two': {
    title: '所有的数都是应有值的两倍',
    wrong: 'dW += dZ.T @ X  # 上一次之后没有清零',
    sign: '所有比值都是 2。',
    remedy: '每次计算之前把梯度清零，每一项只计一次。',
  },
  'sign-reversed': {
    title: '符号反了',
    sign: '所有比值都是 -1，而且每走一步损失都增大。',
    remedy: '导数是 y - t；更新时减去它。',
  },
  'mean-over-outputs-only': {
    title: '只对输出取了均值，没有对样本取均值',
    sign: '所有梯度都是应有值的 N 倍，N 是样本数。',
    remedy: '还要除以样本数。',
  },
  'averaged-twice': {
    title: '对样本取了两次均值',
    wrong: 'dW = dZ.T @ X / len(X)  # dZ 已经除过了',
    sign: '梯度只有应有值的 1/N，N 是样本数。',
    remedy: '只除一次：或者在损失的导数里，或者在参数梯度里。',
  },
  'logarithm-base': {
    title: '用了以 2 为底的对数',
    sign: '损失是应有值的 1.4427 倍；如果梯度也按 log2 求导，梯度同样如此。',
    remedy: '使用自然对数 np.log。',
  },
  'logarithm-base-10': {
    title: '用了以 10 为底的对数',
    sign: '损失是应有值的 0.4343 倍；如果梯度也按 log10 求导，梯度同样如此。',
    remedy: '使用自然对数 np.log。',
  },
  'constant-factor': {
    title: '所有的数都乘了同一个常数',
    sign: '所有比值都相同。如果这个比值就是学习率，说明给出的是更新量，而不是梯度。',
    remedy: '要比较的是梯度而不是更新量：学习率在更新参数时再乘。',
  },
  'mean-in-parameters-only': {
    title: '除以样本数除得晚了：到 dW 和 db 才除',
    sign: '参数梯度是对的；输出梯度和加权和的梯度是应有值的 N 倍，N 是除数。',
    remedy: '更新本身没有错。只比较参数梯度，或者在损失的导数里就除。',
  },
} satisfies Record<keyof typeof english, ChineseMistakeText>;
