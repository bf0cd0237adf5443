// The texts of the pages under /mistakes and /problems in all languages.
import { type MistakeName, mistakes } from '../../schemas/mistake.ts';
import type { MistakeText } from '../../schemas/mistake-text.ts';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import { mistakes as chineseMistakes } from '../../schemas/zh/mistakes.ts';
import { problems as chineseProblems } from '../../schemas/zh/problems.ts';
import { type Html, html } from '../http/html.ts';
import type { Language } from '../http/language.ts';

interface Texts {
  readonly mistakes: Record<MistakeName, MistakeText>;
  readonly problems: Record<ProblemType, { readonly title: string; readonly meaning: string; readonly remedy: string }>;
  readonly allMistakes: string;
  readonly mistakesTitle: string;
  readonly mistakesIntroduction: Html;
  /** The letters of the lines in NumPy. */
  readonly letters: Html;
  readonly wrong: string;
  readonly right: string;
  readonly sign: string;
  readonly meaning: string;
  readonly remedy: string;
  readonly home: string;
  /** Between a problem type and its status. */
  readonly status: string;
}

export const texts: Record<Language, Texts> = {
  en: {
    mistakes,
    problems,
    allMistakes: 'All mistakes',
    mistakesTitle: 'Mistakes in backpropagation',
    mistakesIntroduction: html`POST /check names the one that your code makes; <a href="/#view=check">the page</a> takes what your program prints.`,
    letters: html`W is outputs x inputs, samples are rows. Z = X W' + b are the pre-activations and A = f(Z) the outputs;
dA and dZ are the gradients with respect to them.`,
    wrong: 'Wrong',
    right: 'Right',
    sign: 'How to recognise it',
    meaning: 'What it means',
    remedy: 'What to do',
    home: 'Back to the service',
    status: ', status ',
  },
  zh: {
    mistakes: chineseMistakes,
    problems: chineseProblems,
    allMistakes: '所有错误',
    mistakesTitle: '反向传播中的常见错误',
    mistakesIntroduction: html`POST /check 会指出你的代码犯了其中哪一个；<a href="/#view=check">页面</a>接受你的程序打印出来的结果。`,
    letters: html`W 是“输出 × 输入”的矩阵，一个样本是一行。Z = X W' + b 是加权和，A = f(Z) 是输出，dA 和 dZ 是损失对它们的梯度（<a
href="https://www.bbbdata.com">《老饼讲解-深度学习》</a>记输出为 Y，记输出梯度 dA 为 dY）。`,
    wrong: '错误的写法',
    right: '正确的写法',
    sign: '如何识别',
    meaning: '含义',
    remedy: '如何解决',
    home: '返回服务首页',
    status: '，状态码 ',
  },
};
