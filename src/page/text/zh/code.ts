// 以代码表示的请求。
import type { Dictionary } from '../en.ts';

export const code = {
  tab: '代码',
  title: '写成代码',
  intro: '把当前请求写成程序，复制即可运行。最后一种不使用本服务，用 PyTorch 计算同样的结果。',
  languages: '编程语言',
  copy: '复制',
  save: '保存',
  saveRequest: '保存请求',
  large: (kilobytes, file) => `请求大小为 ${kilobytes} kB。请把它存为 ${file}，放在运行程序的文件夹中。`,
} satisfies Dictionary['code'];
