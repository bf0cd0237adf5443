// 构建与导入网络的文字。
import type { Dictionary } from '../en.ts';

export const imports = {
  sizes: '规模',
  sizesHint: '先写输入个数，再写各层的神经元个数，例如 2-3-3-2。大小相符的权重保持不变。',
  sizesWrong: '应为两个或更多整数，例如 2-3-3-2，权重总数不超过 200,000。',
  build: '构建',
  models: '打开 PyTorch 或 Keras 的网络',
  modelsHint:
    '“打开文件”接受 .safetensors 或 JSON 形式的 state dict。若层数相同，则保留激活函数；否则隐藏层使用 relu。其他文件要先用一行命令转换：',
  convert: (library, line) => `浏览器无法读取 ${library} 的这种文件。请先转换，再打开 model.json：${line}`,
  notSafetensors: () => '这不是 safetensors 文件。',
  cutOff: () => '文件不完整：有张量的结尾超出了文件。',
  unknownDtype: (name, dtype, known) => `${name} 的 dtype 为 ${dtype}。本页可读取 ${known.join('、')}。`,
  notNumbers: (name) => `${name} 不是由有限数值组成的数组。`,
  noWeights: (names) =>
    names.length === 0
      ? '没有找到张量。'
      : `没有找到权重：没有名称以 weight 或 kernel 结尾。文件中有 ${names.slice(0, 8).join('、')}。`,
  notLinear: (name) => `${name} 不属于线性层。只能打开全连接层。`,
  notChained: (layers) =>
    `各层的大小不相符：${layers.map(([name, outputs, inputs]) => `${name} 为 ${outputs} × ${inputs}`).join('，')}。`,
  notNpy: (name) => `${name} 不是 .npy 文件。`,
  fortranOrder: (name) => `${name} 按列存储（Fortran 顺序）。请改为保存 numpy.ascontiguousarray(a)。`,
} satisfies Dictionary['imports'];
