// The TypeScript example: its types are up to date, and it compiles.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { runCommand } from '../support/languages.ts';
import { articles, folder, skipped } from './programs.ts';
import { generateTypes, typesFile } from './types.ts';

const [example] = articles.filter(({ file }) => file.startsWith('typescript/'));
const skip = await skipped(example);

t.test('the types are up to date', { skip }, async (t) => {
  t.equal(await generateTypes(), readFileSync(typesFile, 'utf8'), 'npm run build:types makes them anew');
});

t.test('the example compiles', { skip }, async (t) => {
  t.match(await runCommand(['npm', 'run', '--silent', 'check'], { folder: `${folder}typescript` }), { code: 0, stdout: /^$/ });
});
