// 图表，以及用文字说明的结论。层与样本从 1 数起。

import type { ChangeText } from '../en/charts.ts';
import type { Dictionary } from '../en.ts';

function changed({ kind, ofSums, first, last, factor, perLayer }: ChangeText): string {
  const what = ofSums ? '加权和的梯度' : '梯度';
  const norms = `第一层${what}的范数为 ${first}，最后一层为 ${last}`;
  if (kind === 'even') return `${norms}，相差 ${factor} 倍。`;
  return `${norms}：前者${kind === 'vanish' ? `仅为后者的 1/${factor}` : `是后者的 ${factor} 倍`}，每经过一层约${kind === 'vanish' ? `缩小为 1/${perLayer}` : `放大 ${perLayer} 倍`}。`;
}

const kinds = { vanish: '消失', explode: '爆炸', even: '平稳' };
const rule = (notable: number) => `第一层与最后一层相差 ${notable} 倍`;

export const charts = {
  tab: '图表',
  title: '梯度是消失还是爆炸？',
  intro:
    '后馈时，每一层都要乘以该层的权重和激活函数的斜率。如果梯度因此逐层变小，靠前的层就几乎学不到东西；如果逐层变大，靠前的层每步就会走得太远。此外，单个异常样本的影响也可能超过其余所有样本。',
  caption: (title) => `${title}：`,
  asTable: (title) => `${title}（表格）`,
  moreRows: (count, of) => `共 ${of} 行，其余 ${count} 行未显示。`,
  list: (names, more) => `${names.join('、')}${more > 0 ? `等，另有 ${more} 个` : ''}`,
  series: { weights: '权重', gradients: '权重的梯度', sums: '加权和的梯度' },
  layer: '层',
  sample: '样本',
  norms: { title: '各层的范数', shown: '图中为 L2 范数。', ratio: '权重的梯度 / 权重', norm: '范数' },
  verdict: {
    single: '只有一层时，后馈中不存在梯度消失或爆炸。',
    zero: (layers) => `第 ${layers} 层的梯度为 0，对数刻度无法显示：这样的层学不到任何东西。`,
    weights: (change, notable) => `后馈中发生梯度${kinds[change.kind]}。${changed(change)}（判断标准：${rule(notable)}以上。）`,
    sums: (change, notable) =>
      `后馈中发生梯度${kinds[change.kind]}。${changed(change)}这一点从权重的梯度看不出来：权重的梯度是加权和的梯度乘以输入，而各层的输入也不相同。（判断标准：${rule(notable)}以上。）`,
    even: (change, notable) => `梯度既未消失也未爆炸（判断标准：${rule(notable)}以上）。${changed(change)}`,
  },
  samples: {
    title: '样本',
    text: '每个样本在损失中所占的份额，以及它对全部参数的梯度的贡献的范数。',
    groups: (size) => `每条线代表 ${size} 个样本，从最小值到最大值。`,
    none: '没有异常突出的样本。',
    rule: (far) => `“突出”指超出上四分位数的部分大于四分位距的 ${far} 倍。`,
    measures: { losses: '损失份额', norms: '梯度范数' },
    by: { losses: '损失份额', norms: '梯度范数' },
    outliers: (samples, several, by, range, median) =>
      `样本 ${samples} 的${by}突出：${several ? `从 ${range[0]} 到 ${range[1]}` : `为 ${range[1]}`}，而中位数为 ${median}。`,
    label: (measure, least, greatest) => `各样本的${measure}，从 ${least} 到 ${greatest}`,
  },
  histograms: {
    title: '直方图',
    text: '各层的权重及其梯度的取值分布；每个直方图各有自己的刻度。',
    some: (half, others) => `图中为前 ${half} 层和后 ${half} 层；中间 ${others} 层未显示。`,
    layer: (layer, inputs, units) => `第 ${layer} 层：${inputs} 个输入，${units} 个神经元`,
    head: ['层', '对象', '个数', '最小值', '平均值', '最大值', '标准差', '零的个数'],
    kinds: { weights: '权重', gradients: '梯度' },
    label: (layer, kind, what) => `第 ${layer} 层，${kind}：${what}`,
    same: (values, value) => `${values} 个值，均为 ${value}`,
    range: (values, low, high) => `${values} 个值，从 ${low} 到 ${high}`,
    zeros: (zeros) => `，其中 ${zeros} 个为 0`,
    rest: (mean, deviation) => `；平均值 ${mean}，标准差 ${deviation}`,
  },
} satisfies Dictionary['charts'];
