// The pages of mistakes and problems in English and Chinese: which language, and that the texts are whole.
import t from 'tap';
import { mistakes as english, type MistakeName } from '../../schemas/mistake.ts';
import { problems as englishProblems, type ProblemType } from '../../schemas/problem.ts';
import { mistakes } from '../../schemas/zh/mistakes.ts';
import { problems } from '../../schemas/zh/problems.ts';
import { startApp } from '../support/app.ts';

const HTML = { accept: 'text/html' };
const HAN = /\p{Script=Han}/u;
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };
const escaped = (text: string) => text.replaceAll(/[&<"]/g, (character) => ESCAPES[character]);

t.test('the language is that of ?lang=, otherwise of Accept-Language, otherwise English', async (t) => {
  const app = await startApp();
  const cases: [query: string, accepted: string | undefined, tag: 'en' | 'zh-CN'][] = [
    ['', undefined, 'en'],
    ['', '*', 'en'],
    ['', 'zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['', 'zh-Hans-SG', 'zh-CN'],
    ['', 'en-GB,en;q=0.9,zh;q=0.8', 'en'],
    ['', 'de, zh;q=0.5', 'zh-CN'],
    ['', 'fr', 'en'],
    ['?lang=zh', 'en', 'zh-CN'],
    ['?lang=en', 'zh', 'en'],
  ];
  const title = { en: 'The sign is reversed', 'zh-CN': '符号反了' };
  for (const [query, accepted, tag] of cases) {
    const headers = accepted === undefined ? {} : { 'accept-language': accepted };
    const url = `/mistakes/sign-reversed${query}`;
    const json = await app.inject({ url, headers });
    t.equal(json.json().title, title[tag], `${query} ${accepted}`);
    const page = await app.inject({ url, headers: { ...HTML, ...headers } });
    t.match(page.body, `<html lang="${tag}">`);
    t.match(page.body, `<h1>${title[tag]}</h1>`);
    for (const { headers } of [json, page])
      t.match(headers, { 'content-language': tag, vary: 'accept, accept-language' }, `${query} ${accepted}`);
  }
});

t.test('an unknown language is refused, in English', async (t) => {
  const app = await startApp();
  for (const url of ['/mistakes?lang=fr', '/mistakes/float32?lang=', '/problems/internal?lang=zh&lang=en']) {
    const response = await app.inject({ url, headers: { 'accept-language': 'zh' } });
    t.equal(response.statusCode, 400, url);
    t.match(response.json(), {
      type: '/problems/invalid-request',
      title: 'The request does not fit the schema',
      detail: '?lang: expected en or zh',
    });
  }
});

t.test('each page links to the other language, and keeps the chosen one', async (t) => {
  const app = await startApp();
  const pageAt = async (url: string) => (await app.inject({ url, headers: HTML })).body;
  for (const path of ['/mistakes', '/mistakes/float32', '/problems/internal']) {
    t.match(await pageAt(path), '<nav><a href="?lang=zh" hreflang="zh-CN" lang="zh-CN">中文</a></nav>');
    t.match(await pageAt(`${path}?lang=zh`), '<nav><a href="?lang=en" hreflang="en" lang="en">English</a></nav>');
  }
  t.match(await pageAt('/mistakes?lang=zh'), '<a href="/mistakes/float32?lang=zh"><code>float32</code></a>');
  t.match(await pageAt('/mistakes/float32?lang=zh'), '<a href="/mistakes?lang=zh">所有错误</a>');
  t.match(await pageAt('/mistakes'), '<a href="/mistakes/float32"><code>float32</code></a>');
  t.match(await pageAt('/mistakes/float32'), '<a href="/mistakes">All mistakes</a>');
});

t.test('each mistake in Chinese: the same lines, the same names and numbers', async (t) => {
  const app = await startApp();
  const listed = (await app.inject('/mistakes?lang=zh')).json().mistakes;
  t.strictSame(
    listed.map(({ mistake }: { mistake: string }) => mistake),
    Object.keys(english),
  );
  const list = (await app.inject({ url: '/mistakes?lang=zh', headers: HTML })).body;
  t.match(list, '<h1>反向传播中的常见错误</h1>');
  t.match(list, '<a href="/#view=check">页面</a>');
  for (const [name, texts] of Object.entries(mistakes)) {
    t.strictSame((await app.inject(`/mistakes/${name}?lang=zh`)).json(), { mistake: name, ...texts });
    const page = (await app.inject({ url: `/mistakes/${name}?lang=zh`, headers: HTML })).body;
    for (const text of Object.values(texts)) t.match(page, escaped(text), name);
    t.match(page, /<a\nhref="https:\/\/www\.bbbdata\.com">《老饼讲解-深度学习》<\/a>/);
    t.match(list, escaped(texts.title), name);
    const { title, sign, remedy, wrong, right } = texts;
    for (const text of [title, sign, remedy]) t.match(text, HAN, name);
    const original = english[name as MistakeName];
    const code = (line: string) => line.split('  #')[0];
    t.strictSame([wrong, right].map(code), [original.wrong, original.right].map(code), `${name}: code`);
    const quoted = (text: string) => text.match(/"[^"]*"|\{.*\}|\b\d[.e-]*\d+\b/g) ?? [];
    t.strictSame(quoted(`${sign} ${remedy}`), quoted(`${original.sign} ${original.remedy}`), `${name}: what is quoted`);
  }
});

t.test('each problem in Chinese: the same names of headers and settings', async (t) => {
  const app = await startApp();
  for (const [type, texts] of Object.entries(problems)) {
    const url = `/problems/${type}`;
    const { status, ...original } = englishProblems[type as ProblemType];
    t.strictSame((await app.inject(`${url}?lang=zh`)).json(), { type: url, status, ...texts });
    const page = (await app.inject({ url: `${url}?lang=zh`, headers: HTML })).body;
    t.match(page, `<p><code>${type}</code>，状态码 ${status}</p>`);
    for (const text of Object.values(texts)) {
      t.match(text, HAN, type);
      t.match(page, escaped(text), type);
    }
    const names = (text: string) => new Set(text.match(/[A-Z]+_[A-Z]+|[A-Z][a-z]+-[A-Z]\w+(-\w+)?|\/[a-z{]+\S*[\w}]/g));
    t.strictSame(names(Object.values(texts).join(' ')), names(Object.values(original).join(' ')), type);
  }
});

t.test('the OpenAPI document describes the parameter', async (t) => {
  const { paths } = (await (await startApp()).inject('/openapi.json')).json();
  for (const path of ['/mistakes', '/mistakes/{name}', '/problems/{type}']) {
    const { parameters, responses } = paths[path].get;
    t.match(
      parameters.find((parameter: { name: string }) => parameter.name === 'lang'),
      { in: 'query', required: false, schema: { enum: ['en', 'zh'] } },
    );
    t.ok(responses[400], path);
  }
});
