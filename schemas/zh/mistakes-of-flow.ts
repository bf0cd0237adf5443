// Mistakes in the forward pass, in what a layer passes back, and in the arrays as a whole, in Chinese.
import type { flowTexts as english } from '../mistakes-of-flow.ts';
import type { ChineseMistakeText } from './mistake-text.ts';

export const flowTexts = {
  'inputs-from-output-gradients': {
    title: '往回传的是 dA，应该是 dZ',
    sign: '本层的梯度是对的，前面各层的不对。',
    remedy: '往回传 dZ W。',
  },
  'weights-not-transposed-backward': {
    title: '往回传时乘的是转置后的权重',
    sign: '除非该层的权重是方阵，否则会报错。',
    remedy: "权重按“输出 × 输入”存放时，前馈是 X W'，后馈是 dZ W。",
  },
  'weights-after-update': {
    title: '往回传时用了已经更新过的权重',
    sign: '最后一层是对的；前面各层有微小的偏差，学习率越大偏差越大。',
    remedy: '先算出全部梯度，再更新参数。',
  },
  'weights-of-another-layer': {
    title: '往回传时用了别的层的权重',
    sign: '各层大小不同时会报错。',
    remedy: '前馈和后馈中，层的编号要一致。',
  },
  'weights-left-out-backward': {
    title: '往回传时没有乘权重',
    sign: '除非该层的权重是方阵，否则会报错。',
    remedy: '乘上权重。',
  },
  'gradient-stopped': {
    title: '梯度没有往回传',
    sign: '前面各层的梯度全为 0：可能有一处 detach，或者新建的数组没有填入数值。',
    remedy: '往回传 dZ W。',
  },
  'bias-left-out': {
    title: '前馈时没有加阈值',
    sign: '输出以及由它算出的一切都不同。',
    remedy: '加上阈值。',
  },
  'activation-left-out': {
    title: '有一层没有使用激活函数',
    sign: '输出以及由它算出的一切都不同。',
    remedy: '前馈和后馈都要使用它。如果该层本来就是线性的，请求中不要写 "activation"。',
  },
  'another-activation': {
    title: '有一层用了别的激活函数',
    sign: '诊断的 detail 会指出是哪个激活函数。',
    remedy: '让请求与代码描述同一个网络。',
  },
  'activation-options-left-out': {
    title: '激活函数的某个选项用了默认值',
    wrong: 'A = np.where(Z > 0, Z, 0.01 * Z)  # 斜率应为 0.2',
    sign: '凡是该选项起作用的地方，输出都不同。',
    remedy: '把选项传进去。',
  },
  'gelu-of-other-form': {
    title: 'gelu 用了另一种形式',
    sign: '输出相差不到 0.001。',
    remedy: '如果要用 tanh 的形式，请发送 {"type": "gelu", "approximate": "tanh"}。',
  },
  'weights-not-transposed-forward': {
    title: '前馈时乘的是转置后的权重',
    sign: '除非该层的权重是方阵，否则会报错。',
    remedy: '这里的权重是“输出 × 输入”：Keras 的权重要先转置。',
  },
  'softmax-over-samples-forward': {
    title: 'softmax 层沿样本方向作了归一化',
    sign: '同一个样本的各个输出之和不是 1。',
    remedy: '对每个样本，沿神经元方向求和。',
  },
  'layers-reversed': {
    title: '梯度按后馈的顺序排列',
    wrong: 'gradients.append((dW, db))  # 最后一层排在最前',
    sign: '第一个梯度的形状是最后一层的。',
    remedy: '把列表倒过来。',
  },
  'samples-as-columns': {
    title: '样本矩阵被转置了',
    sign: '它的行数与列数互换了。',
    remedy: '在 batch 中写 "samples": "columns"，inputs 和 targets 也随之按列存放；或者把矩阵转置。',
  },
  float32: {
    title: '计算用的是 float32',
    sign: '所有的数从第七位起不同。',
    remedy: '用 float64 计算，或者发送约 1e-4 的 tolerance。',
  },
} satisfies Record<keyof typeof english, ChineseMistakeText>;
