// Mistakes with the weights of samples and classes, label smoothing and ignored samples, in Chinese.
import type { weightTexts as english } from '../mistakes-of-weights.ts';
import type { ChineseMistakeText } from './mistake-text.ts';

export const weightTexts = {
  'sample-weights-left-out': {
    title: '漏了样本权重',
    sign: '所有样本的比重都相同。',
    remedy: '每个样本乘以它的权重，再除以权重之和。',
  },
  'sample-weights-not-in-divisor': {
    title: '除数用了样本数，应该是样本权重之和',
    sign: '所有比值都是 sum(s) / n。',
    remedy: '除以权重之和。',
  },
  'sample-weights-only-in-divisor': {
    title: '样本权重只用在了除数里',
    sign: '所有样本的比重都相同，但整体比例不对。',
    remedy: '每个样本乘以它的权重。',
  },
  'class-weights-left-out': {
    title: '漏了类别权重',
    sign: '所有类别的比重都相同。',
    remedy: '每个样本乘以它所属类别的权重。',
  },
  'class-weights-not-in-divisor': {
    title: '除数用了样本数，应该是类别权重之和',
    sign: '所有比值都相同，等于平均权重。',
    remedy: '除以各样本所属类别的权重之和，与 PyTorch 一致。',
  },
  'class-weights-only-in-divisor': {
    title: '类别权重只用在了除数里',
    sign: '所有类别的比重都相同，但整体比例不对。',
    remedy: '每个样本乘以它所属类别的权重。',
  },
  'pos-weight-left-out': {
    title: '漏了 pos_weight',
    sign: '只有目标为正的输出不同。',
    remedy: '正目标的那一项乘以 pos_weight。',
  },
  'pos-weight-on-all-targets': {
    title: 'pos_weight 乘到了两项上',
    sign: '只有目标小于 1 的输出不同。',
    remedy: '只乘正目标的那一项。',
  },
  'label-smoothing-left-out': {
    title: '漏了标签平滑',
    sign: '所有输出梯度都差了平滑的那一部分。',
    remedy: '先对目标作平滑，再减去它。',
  },
  'label-smoothing-on-other-classes': {
    title: '平滑量只分给了错误的类别',
    sign: '真实类别得到的是 1 - e，应该是 1 - e + e / classes。',
    remedy: '平滑量由所有类别平分，与 PyTorch 一致。',
  },
  'ignored-samples-counted': {
    title: '被忽略的类别的样本也计入了',
    sign: 'dZ 中应为 0 的行不是 0。',
    remedy: '把被忽略的样本的梯度设为 0。',
  },
  'ignored-samples-in-divisor': {
    title: '除数中计入了被忽略的样本',
    sign: '所有比值都等于未被忽略的样本所占的比例。',
    remedy: '除以未被忽略的样本数。',
  },
} satisfies Record<keyof typeof english, ChineseMistakeText>;
