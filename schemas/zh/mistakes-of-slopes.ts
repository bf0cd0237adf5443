// Mistakes in the derivatives of activations, in Chinese.
import type { slopeTexts as english } from '../mistakes-of-slopes.ts';
import type { ChineseMistakeText } from './mistake-text.ts';

export const slopeTexts = {
  'derivative-at-pre-activation': {
    title: "f' 的公式以 a 为自变量，却代入了 z",
    sign: '导数小于 0，或者远大于 1。',
    remedy: '向公式代入 a = f(z)，或者改用以 z 为自变量的公式。',
  },
  'derivative-at-output': {
    title: "f' 在 a = f(z) 处取值：f 作用了两次",
    wrong: 'dZ = dA * dsigmoid(A)  # dsigmoid 会调用 sigmoid',
    sign: '对于 sigmoid，所有导数都在 0.19 与 0.25 之间。',
    remedy: "向 f' 代入加权和 z，或者把它写成 a 的函数。",
  },
  'derivative-left-out': {
    title: '漏了激活函数的导数',
    sign: '本层和前面各层的梯度都偏大。',
    remedy: "乘上 f'(z)。",
  },
  'derivative-twice': {
    title: '激活函数的导数乘了两次',
    sign: '从本层起往前，梯度都偏小。',
    remedy: "f'(z) 只乘一次：或者在 dA 里，或者在 dZ 里。",
  },
  'output-in-place-of-derivative': {
    title: '把激活函数当成了它的导数',
    sign: '导数等于输出：relu 的导数出现了 0 和 1 以外的数。',
    remedy: '应当乘导数。',
  },
  'pre-activation-in-place-of-derivative': {
    title: '把加权和当成了导数',
    sign: '导数等于加权和。',
    remedy: "乘上 f'(z)。",
  },
  'square-left-out': {
    title: 'tanh 的导数漏了平方',
    sign: 'a 小于 0 的地方，导数大于 1。',
    remedy: "tanh' 等于 1 - a^2。",
  },
  'factor-left-out': {
    title: 'sigmoid 的导数漏了一个因子',
    sign: '导数是应有值的 1 / a 倍。',
    remedy: "sigmoid' 等于 a (1 - a)。",
  },
  'sign-inside-derivative': {
    title: '导数内部有一个符号错了',
    sign: '导数大于激活函数在 0 处的导数。',
    remedy: "tanh' 等于 1 - a^2，sigmoid' 等于 a (1 - a)。",
  },
  'slope-1-at-0': {
    title: 'relu 在 0 处的导数取成了 1',
    sign: '只有与恰好为 0 的加权和有关的数不同。',
    remedy: '用 z > 0 判断，与 PyTorch 一致。',
  },
  'mask-inverted': {
    title: 'relu 的掩码反了',
    sign: '激活的神经元没有梯度，未激活的反而得到全部梯度。',
    remedy: 'z 小于或等于 0 的地方，梯度才是 0。',
  },
  'mask-by-gradient': {
    title: '对梯度作了 relu，而不是乘它的掩码',
    sign: 'dZ 中没有小于 0 的数。',
    remedy: '掩码由前馈时的加权和决定。',
  },
  'activation-applied-to-gradient': {
    title: '把激活函数作用在了梯度上',
    sign: '小的梯度几乎原样通过。',
    remedy: '乘以 z 处的导数。',
  },
  'options-left-out-of-derivative': {
    title: '导数的某个选项用了默认值',
    wrong: 'dZ = dA * np.where(Z > 0, 1, 0.01)  # 斜率应为 0.2',
    sign: '前馈是对的；凡是该选项起作用的地方，导数都不同。',
    remedy: '前馈和后馈使用相同的选项。',
  },
  'gelu-derivative-of-other-form': {
    title: 'gelu 的导数用了另一种形式',
    sign: '导数相差不到 0.01。',
    remedy: '前馈和后馈使用同一种形式：精确的，或者用 tanh 的。',
  },
  'product-rule-left-out': {
    title: '乘积求导漏了一项',
    sign: '只有在 z = 0 处，或者只有在 z 很大时，导数才对。',
    remedy: 'gelu、silu、mish 都是乘积：它们的导数有两项。',
  },
  'derivative-of-neighbouring-layer': {
    title: '用了前一层或后一层的激活函数的导数',
    sign: '相邻两层的激活函数相同时，梯度是对的。',
    remedy: '前馈和后馈中，层的编号要一致。',
  },
  'slopes-of-another-layer': {
    title: '导数在别的层的加权和处取值',
    sign: '各层大小不同时会报错，大小相同时结果不对。',
    remedy: '使用本层的加权和：存放加权和的列表错开了一位。',
  },
  'derivative-of-another-activation': {
    title: '用了别的激活函数的导数',
    wrong: 'dZ = dA * A * (1 - A)  # 激活函数是 tanh',
    sign: '诊断的 detail 会指出是哪个激活函数。',
    remedy: '函数值和导数要取自同一个函数。',
  },
  'softmax-diagonal-only': {
    title: '只用了 softmax 雅可比矩阵的对角线',
    sign: 'dZ 的各行之和不是 0。',
    remedy: 'softmax 的每个输出都与该样本的每个加权和有关。',
  },
  'softmax-derivative-over-samples': {
    title: 'softmax 的导数中，求和是沿样本方向的',
    sign: 'dZ 的各行之和不是 0。',
    remedy: '对每个样本，沿神经元方向求和。',
  },
} satisfies Record<keyof typeof english, ChineseMistakeText>;
