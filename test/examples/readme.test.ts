// The README of the examples lists exactly the examples; and the examples pass the formatters of their languages.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import t from 'tap';
import { type Language, languages, missing, runCommand } from '../support/languages.ts';
import { articles, folder, languageOf, readme, tables, untested } from './programs.ts';

t.test('each example is listed', async (t) => {
  const links = [...readme.matchAll(/\]\(([^)]*)\)/g)].map(([, file]) => file);
  const listed = links.filter((file) => !/^(https:|\.\.\/)/.test(file));
  t.strictSame(
    listed,
    tables.flat().map(({ file }) => file),
    'each link is a program of a table',
  );
  t.strictSame(
    listed.filter((file) => !existsSync(`${folder}${file}`)),
    [],
    'each link leads to a file',
  );
  const languages = readdirSync(folder).filter((name) => name !== 'README.md');
  t.strictSame([...new Set(listed.map((file) => file.split('/')[0]))].sort(), languages.sort(), 'each folder is linked to');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.includes('node_modules/'));
  const programs = files.filter(
    (name) =>
      extname(name) in languageOf &&
      /\/(gradients|classes|xor|levenberg_marquardt|server|check|(test-)?my_?backprop)/i.test(name),
  );
  t.strictSame(
    programs.filter((name) => !listed.includes(name)),
    [],
    'each program is linked to',
  );
});

t.test('programs that no test runs say so', async (t) => {
  t.equal(untested.length, 4);
  for (const { file } of untested) {
    const beginning = readFileSync(`${folder}${file}`, 'utf8').split('\n').slice(0, 3).join('\n');
    t.match(beginning, 'The tests do not run this example', file);
  }
});

t.test('the README and the tests require the same versions', async (t) => {
  for (const { file, needs, language } of articles) {
    const { atLeast }: Partial<Language> = language === 'browser' ? {} : languages[language];
    if (atLeast) t.match(needs, ` ${atLeast.join('.').replace(/\.0$/, '')}`, file);
  }
});

const formatters: [language: 'go' | 'rust', command: [string, ...string[]]][] = [
  ['go', ['gofmt', '-l', '.']],
  ['rust', ['cargo', 'fmt', '--check']],
];
for (const [language, command] of formatters) {
  const skip =
    (await missing(language)) ||
    ((await runCommand([command[0], '--help'])).code === undefined && `there is no ${command[0]} here`);
  t.test(`the format of ${language}`, { skip }, async (t) => {
    t.match(await runCommand(command, { folder: `${folder}${language}` }), { code: 0, stdout: /^$/ });
  });
}
