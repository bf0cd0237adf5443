// 网络图。
import type { Dictionary } from '../en.ts';

const all = (samples: number) => (samples === 1 ? '唯一的样本' : `全部 ${samples} 个样本`);
const between = (least: string, greatest: string) => (least === greatest ? `z = ${least}` : `${least} ≤ z ≤ ${greatest}`);

export const network = {
  title: '网络',
  edges: '连线表示',
  edgeChoices: { step: '随步骤而定', weights: '权重', gradients: '梯度' },
  sample: '样本',
  ofSamples: (samples) => `/ ${samples}`,
  picture: (sizes) =>
    `各层神经元个数为 ${sizes.join('、')} 的网络。用方向键在神经元之间移动，按住 Shift 则沿连线移动；按 Enter 显示数值。`,
  inputs: '输入',
  inputsShort: '输入',
  layer: (layer) => `第 ${layer} 层`,
  goToLayer: (name) => `${name}：转到它的步骤`,
  moreUnits: (count) => `… 另有 ${count} 个 …`,
  moreLayers: (count) => `… ${count} 层 …`,
  nameOf: (column, unit) => (column === 0 ? `输入 ${unit}` : `第 ${column} 层神经元 ${unit}`),
  unitLabel: (name, what, value, rest) => `${name}：${what} ${value}${rest && `，${rest}`}`,
  edgeLabel: (from, to, what, value) => `从${from}到${to}：${what} ${value}`,
  what: { value: '值', output: '输出', weight: '权重', gradient: '梯度' },
  target: (target) => `→ ${target}`,
  rightClass: '✓ 正确',
  legend: {
    weights: '连线为权重，圆圈为输出；目标值写在输出旁边。',
    gradients: '连线为全部样本的权重梯度，圆圈为输出梯度。',
    scale: '所有颜色和连线使用同一刻度：每深一级，数值大十倍。',
    above: '大于 0',
    below: '小于 0，虚线',
    dead: '失活：斜率为 0',
    saturated: '饱和：斜率接近 0',
    right: '正确',
    wrong: '错误',
  },
  flat: {
    dead: (samples, least, greatest) => `失活：${all(samples)}的斜率均为 0：${between(least, greatest)}。`,
    saturated: (samples, slope, least, greatest) => `饱和：${all(samples)}的斜率不超过 ${slope}：${between(least, greatest)}。`,
  },
  sampleNumber: (sample, samples) => `样本 ${sample} / ${samples}`,
  edge: (from, to) => `从${from}到${to}`,
  digitPicture: (sample) => `样本 ${sample} 的输入（图像）`,
  weightPicture: '该神经元的权重（图像）',
} satisfies Dictionary['network'];
