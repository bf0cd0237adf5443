// Mistakes in the loss and in its gradient, in Chinese.
import type { lossTexts as english } from '../mistakes-of-loss.ts';
import type { ChineseMistakeText } from './mistake-text.ts';

export const lossTexts = {
  'sigmoid-derivative-on-top': {
    title: '在 p - t 上又乘了一次 sigmoid 的导数',
    sign: '梯度多乘了 p (1 - p)，至多是应有值的四分之一；网络越有把握，学习越停滞。',
    remedy: 'p - t 已经是交叉熵对 logits 的导数。',
  },
  'softmax-derivative-on-top': {
    title: '在 p - t 上又乘了一次 softmax 的雅可比矩阵',
    sign: '梯度偏小，网络越有把握的地方越明显。',
    remedy: 'p - t 已经是交叉熵对 logits 的导数。',
  },
  'link-derivative-left-out': {
    title: '漏了 softmax 或 sigmoid 的导数：把 -t / p 当成了对 logits 的梯度',
    sign: 'p 很小的地方，梯度远大于应有值。',
    remedy: '乘上 softmax 或 sigmoid 的导数，或者直接写 p - t。',
  },
  'logits-as-probabilities': {
    title: '把 logits 当成了概率',
    sign: '输出超出 0..1 的范围，它与目标之差也超出范围。',
    remedy: '先作 softmax 或 sigmoid，再减去目标。',
  },
  'probabilities-as-logits': {
    title: '把概率当成了 logits：softmax 或 sigmoid 作了两次',
    wrong: 'loss = cross_entropy(softmax(Y), T)  # 应传入 logits',
    sign: '无论网络多好，损失始终明显大于 0。',
    remedy: '给损失函数传入 logits，不要先作 softmax 或 sigmoid。',
  },
  'output-derivative-doubled': {
    title: '输出层 sigmoid 的导数算了两次',
    sign: '梯度多乘了 p (1 - p)，因而偏小。',
    remedy: 'p - t 已经是对加权和的梯度，不要再乘 sigmoid 的导数。',
  },
  'softmax-over-samples': {
    title: '损失函数中的 softmax 沿样本方向作了归一化',
    sign: '同一个样本的各个概率之和不是 1，而同一个类别在整批样本上的概率之和是 1。',
    remedy: '对每个样本，沿类别方向求和。',
  },
  'true-class-only': {
    title: '只有真实类别有梯度',
    sign: '凡是不属于某个类别的样本，dZ 在该类别的一列上都是 0。',
    remedy: '其他类别的梯度是 p。',
  },
  'target-not-subtracted': {
    title: '没有减去目标',
    sign: '输出梯度的符号全都与输出相同。',
    remedy: '减去目标：给的是类别编号时，在真实类别处减 1。',
  },
  'class-index-off-by-one': {
    title: '类别编号有的地方从 1 数起，有的地方从 0 数起',
    sign: '损失降不到随机猜测的水平以下。',
    remedy: '类别从 0 数起。',
  },
  'targets-broadcast': {
    title: '输出 (n, 1) 与目标 (n,) 被广播成了 n × n 个差',
    sign: '无论输入是什么，网络学到的都是目标的均值。',
    remedy: '让目标与输出的形状相同。',
  },
  'loss-in-place-of-derivative': {
    title: '把损失本身当成了它的导数',
    sign: '没有一个输出梯度小于 0。',
    remedy: '使用导数 2 (y - t)。',
  },
  'another-loss': {
    title: '梯度是另一个损失函数的',
    sign: '诊断的 detail 会指出是哪个损失函数。',
    remedy: '损失和梯度要取自同一个函数。',
  },
  'only-last-sample': {
    title: '只算了最后一个样本',
    sign: '得到的梯度等于去掉其他样本之后的梯度。',
    remedy: '把所有样本的梯度加起来。',
  },
  'only-first-sample': {
    title: '只算了第一个样本',
    sign: '得到的梯度等于去掉其他样本之后的梯度。',
    remedy: '遍历所有样本：检查是否有多余的 return 或下标 [0]。',
  },
} satisfies Record<keyof typeof english, ChineseMistakeText>;
