// Mistakes in the gradients of weights and biases, in Chinese.
import type { parameterTexts as english } from '../mistakes-of-parameters.ts';
import type { ChineseMistakeText } from './mistake-text.ts';

export const parameterTexts = {
  'weights-from-pre-activations': {
    title: '计算 dW 时用了前一层的加权和',
    sign: '第一层是对的；各层的阈值梯度都是对的。',
    remedy: '使用本层的输入，即前一层经过激活函数之后的输出。',
  },
  'weights-from-own-outputs': {
    title: '计算 dW 时用了本层的输出',
    sign: '除非该层的权重是方阵，否则形状不对。',
    remedy: '使用本层的输入。',
  },
  'weights-from-output-gradients': {
    title: '计算 dW 时用了 dA，漏了激活函数的导数',
    sign: '阈值梯度和前面各层的梯度都是对的。',
    remedy: 'dW、db、dX 三者都用 dZ。',
  },
  'weights-from-inputs-of-another-layer': {
    title: '计算 dW 时用了别的层的输入',
    sign: '各层大小不同时会报错。',
    remedy: '前馈和后馈中，层的编号要一致。',
  },
  'weights-transposed': {
    title: 'dW 被转置了',
    sign: '权重是方阵时，从形状上看不出来。',
    remedy: '这里的权重是“输出 × 输入”，它的梯度也是。',
  },
  'weights-of-one-sample': {
    title: 'dW 只是一个样本的',
    sign: 'dW 的秩为 1。',
    remedy: '把所有样本的乘积加起来。',
  },
  'product-of-means': {
    title: 'dZ 和输入先取了均值，然后才相乘',
    sign: 'dW 的秩为 1；阈值梯度是对的。',
    remedy: '逐个样本相乘，然后求和。',
  },
  'bias-of-one-sample': {
    title: 'db 只是一个样本的',
    sign: '权重梯度是对的。',
    remedy: '对所有样本求和。',
  },
  'bias-from-output-gradients': {
    title: '计算 db 时用了 dA，漏了激活函数的导数',
    sign: '权重梯度是对的。',
    remedy: '使用 dZ。',
  },
  'bias-kept-dimension': {
    title: 'db 多了一个维度',
    sign: '数值是对的；形状却是 (1, 神经元数) 或 (神经元数, 1)。',
    remedy: '去掉 keepdims，或者展平：db.ravel()。',
  },
  'bias-summed-over-units': {
    title: 'db 连神经元方向也求了和',
    sign: 'db 的各个数都相同，或者只有一个数。',
    remedy: '只对样本求和：样本为行时，是轴 0。',
  },
  'bias-summed-over-wrong-axis': {
    title: 'db 求和时的轴不对',
    sign: 'db 中每个样本一个数。',
    remedy: '对样本求和：样本为行时，是轴 0。',
  },
  'bias-not-summed': {
    title: 'db 没有求和',
    sign: 'db 中每个样本一行。',
    remedy: '对样本求和。',
  },
  'gradient-zero': {
    title: '有一个梯度是 0',
    sign: '所有的数都是 0：数组建好之后没有填入数值。',
    remedy: '把对样本求得的和赋给它。',
  },
  'gradient-clipped': {
    title: '梯度被裁剪了',
    sign: '有几个数的绝对值相同，并且是最大的。',
    remedy: '比较裁剪之前的梯度。',
  },
  'parameters-after-step': {
    title: '给出的是更新之后的参数，而不是梯度',
    sign: '这些数与权重很接近。',
    remedy: '比较更新之前的梯度。',
  },
  'penalty-not-on-biases': {
    title: '惩罚项没有用到阈值上',
    sign: '权重梯度是对的。',
    remedy: '阈值也要加上它，或者发送 "biases": false。',
  },
  'penalty-on-biases': {
    title: '惩罚项用到了阈值上',
    sign: '权重梯度是对的。',
    remedy: '不要把阈值算进去，或者发送 "biases": true。',
  },
  'penalty-left-out': {
    title: '漏了惩罚项的梯度',
    sign: '阈值梯度是对的；dW 的偏差是 W 的倍数。',
    remedy: '加上 l1 sign(w) + l2 w。',
  },
  'penalty-doubled': {
    title: '惩罚项的梯度多了一个 2',
    sign: 'dW 的偏差是 l2 W。',
    remedy: '惩罚项是 l2 / 2 w^2。如果你的是 l2 w^2，请把 l2 加倍发送。',
  },
  'penalty-averaged': {
    title: '惩罚项除以了样本数',
    sign: 'dW 的偏差是 W 的倍数，并且与样本数有关。',
    remedy: '惩罚项在归约之后才加上。如果你的除过，请发送 l2 / n。',
  },
  'penalty-subtracted': {
    title: '惩罚项的梯度被减去了',
    sign: '惩罚项使权重增大。',
    remedy: '应当加上它。',
  },
  'penalty-of-other-kind': {
    title: 'l1 当成了 l2，或者相反',
    sign: 'dW 的偏差只与权重有关。',
    remedy: 'l1 的梯度是 l1 sign(w)，l2 / 2 w^2 的梯度是 l2 w。',
  },
  'penalty-of-other-strength': {
    title: '惩罚项的强度不同',
    wrong: 'dW = dZ.T @ X + decay * W  # decay 不等于 l2',
    sign: 'dW 的偏差是 W 的倍数。',
    remedy: '发送代码中所用的 l1 和 l2。l2 / 2 w^2 的梯度是 l2 w。',
  },
  'penalty-not-in-request': {
    title: '代码中有惩罚项（权重衰减），请求中没有',
    sign: 'dW 的偏差是 W 或其符号的倍数。',
    remedy: '去掉它，或者发送 "penalty": {"l2": decay}；如果阈值也有惩罚项，再加上 "biases": true。',
  },
} satisfies Record<keyof typeof english, ChineseMistakeText>;
