// The documentation: runs every code block of every Markdown file, and compares its output with the block below.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { missing } from './support/languages.ts';
import { type Block, blocksOf, linksOf, markdownFiles, notRun, originalOf } from './support/markdown.ts';
import { type Service, startService } from './support/process.ts';

const root = join(import.meta.dirname, '..');
const GSON = '/usr/share/java/gson.jar';
const PYTHON = process.env.PYTHON ?? 'python3';

interface Language {
  readonly command: readonly [program: string, ...args: string[]];
  /** A statement that prints a line. */
  print(line: string): string;
  /** The reason why a program cannot be run here, if there is one. */
  missing?(program: string): Promise<string | false>;
}

/** The languages whose blocks form one program per file. */
const languages: Record<string, Language> = {
  js: { command: [process.execPath, '--input-type=module', '-'], print: (line) => `console.log('${line}');` },
  python: { command: [PYTHON, '-'], print: (line) => `print("${line}", flush=True)`, missing: missingPackages },
  r: { command: ['Rscript', '-'], print: (line) => `cat("${line}\\n")`, missing: () => missing('r') },
  java: {
    command: ['jshell', '-s', '--class-path', GSON, '-'],
    print: (line) => `System.out.println("${line}");`,
    missing: async () => (await missing('java')) || (!existsSync(GSON) && 'apt-get install libgoogle-gson-java'),
  },
  octave: {
    command: ['octave-cli', '--quiet', '--no-history'],
    print: (line) => `printf("${line}\\n");`,
    missing: () => missing('octave'),
  },
};

async function missingPackages(program: string): Promise<string | false> {
  const names = [...program.matchAll(/^(?:import|from) ([\w., ]+?)(?: import .*)?$/gm)].map(([, names]) => names);
  const { code } = await execute([PYTHON, '-'], `import ${names.join(', ')}`);
  return code === 0 ? false : `${PYTHON} has not all of ${names.join(', ')}`;
}

let service: Service;

t.before(async () => {
  service = await startService({ keep: () => false });
});
t.teardown(() => service.process.kill('SIGKILL'));

/** The packages of this repository that the documentation imports, and their sources. */
const packages: Record<string, string> = { "'gradient-service-client'": `'${join(root, 'clients/javascript/src/index.ts')}'` };

/** Runs a command with input; replaces the URL of the documentation by that of the service, and packages by their sources. */
async function execute(
  [command, ...args]: readonly [string, ...string[]],
  input: string,
): Promise<{ code: number | null; output: string; errors: string }> {
  const environment = { GRADIENTS_URL: service.url.origin, PYTHONPATH: join(root, 'clients/python/src') };
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...environment }, timeout: 120_000 });
  const exit = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
    child.on('error', () => resolve(null));
  });
  let program = input.replaceAll('http://127.0.0.1:3000', service.url.origin);
  for (const [name, source] of Object.entries(packages)) program = program.replaceAll(name, source);
  child.stdin.on('error', () => {}).end(program);
  const [code, output, errors] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, output, errors };
}

/** The block below, if it is the output of this block. */
function outputOf(blocks: readonly Block[], block: Block): Block | undefined {
  const next = blocks[blocks.indexOf(block) + 1];
  return next && ['json', 'text'].includes(next.language) ? next : undefined;
}

/** Compares the output that a block shows, if any, with the printed output. Returns the blocks that have been checked. */
function compare(t: Test, blocks: readonly Block[], block: Block, printed: string): Block[] {
  const shown = outputOf(blocks, block);
  if (!shown) return [block];
  t.equal(printed.trim(), shown.text.trim(), `what line ${block.line} prints`);
  return [block, shown];
}

/** Runs all blocks of a language as one program, which prints a mark before the output of each block. */
async function runProgram(
  t: Test,
  blocks: readonly Block[],
  name: string,
  { command, print, missing }: Language,
): Promise<Block[]> {
  const own = blocks.filter(({ language }) => language === name);
  if (own.length === 0) return [];
  const mark = (i: number) => `--- block ${i} of the documentation`;
  const program = own.map(({ text }, i) => `${print(mark(i))}\n${text}`).join('\n');
  const reason = (await missing?.(program)) ?? false;
  if (reason) {
    t.test(`the program in ${name}`, { skip: reason }, () => {});
    return own.flatMap((block) => [block, outputOf(blocks, block) ?? block]);
  }
  const { code, output, errors } = await execute(command, program);
  t.equal(code, 0, `the program in ${name}${code === 0 ? '' : `: ${errors}`}`);
  return own.flatMap((block, i) => {
    const [, after = ''] = output.split(`${mark(i)}\n`);
    return compare(t, blocks, block, after.split(mark(i + 1))[0]);
  });
}

async function runShell(t: Test, blocks: readonly Block[], block: Block): Promise<Block[]> {
  const known = notRun.find(([beginning]) => block.text.startsWith(beginning));
  if (known) return [block];
  const { code, output, errors } = await execute(['sh', '-e'], block.text);
  t.equal(code, 0, `line ${block.line}${code === 0 ? '' : `: ${errors}`}`);
  return compare(t, blocks, block, output);
}

/** The requests in commands for the shells of Windows, where no test runs. In cmd.exe a quote is escaped as in JSON. */
const windows: Record<string, (text: string) => string> = {
  bat: (text) => JSON.parse(/(?<=-d )".*"/.exec(text)?.[0] as string),
  powershell: (text) => /(?<=')\{.*\}(?=')/.exec(text)?.[0] as string,
};

/** Checks that the request of a command is answered. */
async function sendRequest(t: Test, block: Block): Promise<Block[]> {
  const body = windows[block.language](block.text);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(new URL('/gradients', service.url), { method: 'POST', headers, body });
  t.equal(response.status, 200, `line ${block.line}`);
  return [block];
}

/** Checks that every file of a listing exists. */
function checkTree(t: Test, block: Block): Block[] {
  for (const line of block.text.trim().split('\n')) {
    const [path] = line.split(' ');
    t.ok(existsSync(join(root, path)), `${path} is there`);
  }
  return [block];
}

for (const file of markdownFiles) {
  const blocks = blocksOf(file);
  if (blocks.length === 0 || originalOf(file)) continue;
  t.test(file, async (t) => {
    const done: Block[] = [];
    for (const block of blocks) {
      if (block.language === 'sh') done.push(...(await runShell(t, blocks, block)));
      if (windows[block.language]) done.push(...(await sendRequest(t, block)));
      if (block.language === '') done.push(...checkTree(t, block));
    }
    for (const [name, language] of Object.entries(languages)) done.push(...(await runProgram(t, blocks, name, language)));
    const unknown = blocks.filter((block) => !done.includes(block)).map(({ line, language }) => `${file}:${line} (${language})`);
    t.strictSame(unknown, [], 'every block is run, or is the output of one that is');
  });
}

t.test('translations have the same code blocks, and both link to each other', (t) => {
  const translations = markdownFiles.filter(originalOf);
  t.strictSame(translations, ['README.zh-CN.md', 'docs/reference.zh-CN.md', 'docs/tutorial.zh-CN.md']);
  const texts = (file: string) => blocksOf(file).map(({ language, text }) => ({ language, text }));
  for (const file of translations) {
    const original = originalOf(file) as string;
    t.strictSame(texts(file), texts(original), file);
    t.ok(linksOf(file).includes(join(root, original)), `${file} links to ${original}`);
    t.ok(linksOf(original).includes(join(root, file)), `${original} links to ${file}`);
  }
  t.end();
});

t.test('the blocks that are not run exist', (t) => {
  const all = markdownFiles.flatMap(blocksOf);
  for (const [beginning, reason] of notRun) {
    const found = all.some(({ text }) => text.startsWith(beginning));
    t.ok(found, `${beginning}: ${reason}`);
  }
  t.end();
});

t.test('links and pictures point to existing files', (t) => {
  for (const file of markdownFiles) for (const path of linksOf(file)) t.ok(existsSync(path), `${file}: ${path}`);
  t.end();
});
