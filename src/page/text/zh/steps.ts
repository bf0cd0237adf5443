// 各步骤：标题、做什么、为什么，以及每个数是怎样算出的。
import type { Dictionary } from '../en.ts';

const all = (samples: number) => (samples === 1 ? '唯一的样本' : `全部 ${samples} 个样本`);

export const steps = {
  tab: '逐步计算',
  phases: { forward: '前馈', loss: '损失', backward: '后馈' },
  list: '所有步骤',
  layerOf: (phase, layer) => `${phase === 'forward' ? '前馈' : '后馈'}，第 ${layer} 层`,
  single: { X: 'X：输入', L: 'L：损失', dY: 'dY：输出梯度' },
  stepOf: (n, of, title) => `第 ${n} 步，共 ${of} 步：${title}`,
  count: (n, of) => `${n} / ${of}`,
  first: '第一步',
  previous: '上一步',
  next: '下一步',
  last: '最后一步',
  slider: '步骤',
  keys: '按键：← → Home End。',
  present: '演示',
  endPresent: '结束',
  autoplay: '播放',
  stopAutoplay: '暂停',
  presentKeys: 'Page Down：下一步。Page Up：上一步。空格：播放或暂停。Esc：结束。',
  howComputed: (place) => `这个数的算法：${place}`,
  smaller: (n) => `${n} 个较小的项`,
  given: '已知',
  fromPrevious: '← 上一步',
  fromStep: (n) => `← 第 ${n} 步`,
  computedIn: (from, symbol) => `${from}：${symbol}`,
  undefinedNumber: '无定义',
  matrixLabel: (name, rows, columns) => `${name}，${rows} 行 ${columns} 列`,
  mapLabel: (name, rows, columns, least, greatest) =>
    `${name}，${rows} 行 ${columns} 列，从 ${least} 到 ${greatest}。用方向键读取单个数值。`,
  picturesLabel: (name, count) => `${name}：${count} 幅图像，每个样本一幅`,
  axes: { unit: '神经元', input: '输入', sample: '样本' },
  place: (parts) => parts.map(([axis, n]) => `${axis} ${n}`).join('，'),
  number: (place, value) => `${place}：${value}`,

  names: {
    batchInputs: '批次的输入',
    layerOutputs: (layer) => `第 ${layer} 层的输出`,
    preActivations: '加权和',
    outputGradients: (layer) => `第 ${layer} 层的输出梯度`,
    preActivationGradients: '加权和的梯度',
    batchInputGradients: '批次输入的梯度',
    inputGradients: (layer) => `输入的梯度，即第 ${layer} 层的输出梯度`,
    weights: '权重',
    biases: '阈值',
    targets: '目标值',
    targetClasses: '目标：正确的类别',
    slopes: '斜率',
    weightGradients: (layer) => `权重的梯度：gradients[${layer}].weights`,
    biasGradients: (layer) => `阈值的梯度：gradients[${layer}].biases`,
    shares: (loss) => `各样本的损失份额，合计 ${loss}`,
  },
  signs: { against: '对照', penalty: '惩罚项', samples: '样本' },

  start: {
    title: '输入与目标值',
    why: (samples, features, columns) => [
      `${samples} 个样本，每个样本有 ${features} 个特征；一${columns ? '列' : '行'}为一个样本。网络应把输入 X 变换为接近目标值 T 的输出。`,
      '损失表示输出偏离目标多远。梯度则对每个权重说明：把它稍微增大一点，损失如何变化。反向传播只需一次前馈和一次后馈，就能算出全部梯度。这里显示每一个数；改动任何一处，都会重新计算。',
    ],
  },
  weigh: {
    title: (layer) => `第 ${layer} 层：加权和`,
    why: (bias, columns) => [
      `每个神经元把各个输入乘以权重，再将乘积相加${bias ? '，并加上阈值' : ''}。一个神经元的权重是${columns ? ' W 的一行' : ' Wᵀ 的一列'}；矩阵乘积一次算出所有神经元、所有样本的结果。`,
      '输入和加权和都要保留：后馈时要用。',
    ],
  },
  activate: {
    title: (layer, activation) => `第 ${layer} 层：${activation ? `激活函数 ${activation}` : '无激活函数'}`,
    identity: '这一层没有激活函数（恒等函数）：加权和就是输出。',
    why: (name, formula, rowwise) =>
      `${name}${formula && `（${formula}）`}作用于${rowwise ? '每个样本的全部神经元' : '每一个数'}。如果没有激活函数，多层网络能计算的并不比一层更多。`,
    next: (layer) => `这些输出就是第 ${layer} 层的输入。`,
  },
  lose: {
    title: '损失',
    why: (name, formula, weighted, divisor, loss) =>
      `${name} 衡量每个输出 y 偏离目标值 t 的程度：${formula}。对所有输出求和${weighted ? '（每个样本乘以其权重）' : ''}${divisor === 1 ? '' : `，再除以 ${divisor}`}，就得到损失：一个数，${loss}。`,
    shares: (penalty) =>
      `下面按样本列出；这些份额${penalty === undefined ? '' : `与权重的惩罚项 ${penalty} `}之和就是损失。后馈要回答的是：怎样才能使这个数变小？`,
  },
  turn: {
    title: '后馈的起点',
    question: '输出稍有变化时，损失如何变化？',
    slope: (name) => `这就是 ${name} 的斜率。`,
    mse: (divisor) => `(y − t)² 的斜率是 2 (y − t)${divisor === 1 ? '' : `，而损失要除以 ${divisor}`}。`,
    probability: (name, divisor) =>
      `对于交叉熵，指数函数恰好约去：剩下的就是概率减目标，其中 p = ${name}(y)${divisor === 1 ? '' : `，再除以 ${divisor}`}。`,
    signs: '蓝色：损失随该输出增大，所以输出应当减小。橙色：输出应当增大。字母前的 d 表示“损失对它的梯度”。',
  },
  throughActivation: {
    title: (layer, activation) => `第 ${layer} 层：${activation ? `经 ${activation} 往回` : '无激活函数，斜率为 1'}`,
    rowwise: (name) => `${name} 使同一样本的各神经元相互关联：每个加权和都会改变该样本的所有输出，全部斜率组成矩阵 J。`,
    why: (slope) => `梯度与激活函数在加权和处的斜率逐元素相乘（∘）。${slope}`,
    flat: '激活函数平坦之处，只有很少的梯度能够通过，每过一层就更少：梯度就是这样消失的。',
    slopes: {
      identity: '没有激活函数时，斜率处处为 1。',
      tanh: 'tanh 的斜率为 1 − y²：y 为 0 时是 1，y 接近 −1 或 1 时几乎为 0。',
      sigmoid: 'sigmoid 的斜率为 y (1 − y)：至多为 ¼，y 接近 0 或 1 时几乎为 0。',
      relu: 'relu 的斜率在 z 大于 0 时为 1，其余为 0：在那里梯度无法通过。',
    },
  },
  weights: {
    title: (layer) => `第 ${layer} 层：权重的梯度`,
    why: '一个权重连接一个输入和一个神经元。它的梯度等于该输入乘以该神经元的梯度：任何一个为 0，梯度就为 0。',
    single: '对单个样本，这是列向量乘以行向量。',
    several: (samples) => `对单个样本，这是列向量乘以行向量。对 ${samples} 个样本，同一公式作为矩阵乘积，已经对样本求和。`,
    penalty: '惩罚项在每个权重处再加上自己的斜率，整个批次只加一次。',
  },
  biases: {
    title: (layer) => `第 ${layer} 层：阈值的梯度`,
    why: (along) =>
      `阈值相当于输入恒为 1 的权重：它的梯度就是该神经元的梯度。这里没有矩阵乘积来对样本求和，所以要把 dZ 的每一${along === 'row' ? '行' : '列'}相加。`,
  },
  passOn: {
    title: (layer) => (layer > 1 ? `第 ${layer} 层：传回第 ${layer - 1} 层` : '第 1 层：输入的梯度'),
    why: '每个输入都进入了所有神经元。它的梯度由所有神经元的梯度经同样的权重（转置）汇集而来。',
    next: (layer) =>
      `第 ${layer} 层的输入就是第 ${layer - 1} 层的输出：这里得到的就是第 ${layer - 1} 层的输出梯度 dY，接着对它重复同样的步骤。`,
    end: '这是第一层：结果说明损失如何随批次本身变化。所有 dW 和 db 合在一起就是梯度。沿它的反方向走一小步，损失就会变小。',
  },

  sums: {
    preActivation: '权重乘以输入，再求和',
    applied: (name, z) => `${z} 的 ${name}`,
    rowwise: (name) => `对该样本的全部神经元取 ${name}`,
    identity: '就是加权和本身',
    loss: '所有样本的份额之和',
    outputGradient: '损失在该输出处的斜率',
    mse: (divisor) => (divisor === 1 ? '差的两倍' : `差的两倍，再除以 ${divisor}`),
    probability: (divisor) => `概率减目标${divisor === 1 ? '' : `，再除以 ${divisor}`}`,
    inputGradient: '它所进入的所有神经元的梯度，乘以权重再求和',
    preActivationGradient: '激活函数的斜率乘以输出梯度',
    rowwiseGradient: '经激活函数的全部斜率',
    weightGradient: '神经元的梯度乘以输入，对样本求和',
    biasGradient: '神经元的梯度，对样本求和',
  },

  zero: {
    title: '为什么是 0？',
    deadUnit: (unit, samples, greatest) => `${unit}的斜率对${all(samples)}均为 0：z ≤ ${greatest}。梯度无法通过。`,
    flat: (z) => `激活函数在此处的斜率为 0：z = ${z}。`,
    noOutputGradient: '没有梯度到达这个输出，因此没有可乘的数。',
    targetReached: '输出等于目标值：损失在此处的斜率为 0。',
    noInput: (samples) => `${all(samples)}的这个输入均为 0：改变这个权重不起作用。`,
    noUnitGradient: (samples) => `对${all(samples)}，该神经元的梯度均为 0。`,
    noOverlap: '在每个样本中，输入与神经元的梯度总有一个为 0。',
    cancels: '各项相互抵消。',
    noneComesBack: '它所进入的所有神经元的梯度为 0，或相应的权重为 0。',
  },

  hints: {
    title: '合法，但不寻常',
    softmaxTwice:
      '最后一层已用 softmax，cross_entropy 又对其结果再用一次：它要的是 logits。请去掉 softmax，或在 log_softmax 之后使用 nll。',
    sigmoidTwice:
      '最后一层已用 sigmoid，binary_cross_entropy_with_logits 又用一次。请去掉 sigmoid，或使用 binary_cross_entropy。',
    outputsSmaller: (outputs, targets) =>
      `目标值（最大 ${targets}）远大于输出（最大 ${outputs}）。请缩放目标值，否则损失会长时间很大。`,
    outputsLarger: (outputs, targets) => `输出（最大 ${outputs}）远大于目标值（最大 ${targets}）：最初的梯度会非常大。`,
    outOfReach: (activation, low, high) => `目标值超出了 ${activation} 能达到的范围，即 ${low} 到 ${high}。`,
  },

  letters: {
    title: '字母',
    head: ['字母', '含义', 'API 中的名称'],
    X: '层的输入',
    W: '该层的权重与阈值',
    Z: '加权和',
    Y: '该层的输出，即下一层的输入 X',
    T: '目标值与损失',
    dY: '输出梯度，即损失对 Y 的梯度；dZ 和 dX 类推',
    dW: '结果：参数梯度',
    note: '字母右下方的小数字是层号，从 1 数起；方括号中的数字是矩阵中的行号和列号。API 中层号从 0 数起。∘ 表示逐元素相乘，字母右上方的 T 表示转置，f′ 是 f 的斜率。',
  },
  descend: {
    rate: '学习率',
    button: '每个权重都加上 −学习率 × 梯度',
  },
  copy: '复制',
  copyMatrix: (name) => `将 ${name} 复制为源代码`,
  copyAs: (name, language) => `${name}，用于 ${language}`,
} satisfies Dictionary['steps'];
