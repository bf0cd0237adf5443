// The programs listed in examples/README.md, run by the commands given there.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noBrowser } from '../page/browser.ts';
import { type LanguageName, missing, type Options, type Outcome, runCommand } from '../support/languages.ts';

export const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
export const readme = readFileSync(`${folder}README.md`, 'utf8');

export interface Program {
  /** The path of the file, relative to the folder of the examples. */
  readonly file: string;
  readonly command: string;
  /** The requirements, as stated in the README. */
  readonly needs: string;
  readonly language: LanguageName | 'browser';
}

/** The languages by file extension. */
export const languageOf: Record<string, Program['language']> = {
  '.sh': 'shell',
  '.py': 'python',
  '.mjs': 'javascript',
  '.html': 'browser',
  '.ts': 'javascript',
  '.go': 'go',
  '.java': 'java',
  '.rs': 'rust',
  '.c': 'c',
  '.php': 'php',
  '.rb': 'ruby',
  '.R': 'r',
  '.m': 'octave',
};

/** Files that a program, or those of a folder, need in addition to their language, and what installs them. The tests download nothing. */
const downloads: Record<string, readonly [file: string, command: string]> = {
  typescript: [`${folder}typescript/node_modules/openapi-fetch/package.json`, 'npm ci --prefix examples/typescript'],
  java: ['/usr/share/java/gson.jar', 'apt-get install libgoogle-gson-java'],
  'java/test': ['/usr/share/java/junit-platform-console-standalone.jar', 'apt-get install junit5'],
  'r/test-my_backprop.R': ['/usr/lib/R/site-library/testthat', 'apt-get install r-cran-testthat'],
};

function read([, file, command, needs]: RegExpMatchArray): Program {
  return { file, command, needs, language: file.endsWith('safetensors.py') ? 'numpy' : languageOf[extname(file)] };
}

/** The reason why a program cannot be run here, for the option `skip` of a test; false if it can. */
export async function skipped({ file, language }: Program): Promise<string | false> {
  if (language === 'browser') return noBrowser;
  for (const place of [file, dirname(file), file.split('/')[0]]) {
    const [needed, command] = downloads[place] ?? [];
    if (needed && !existsSync(needed)) return `what it needs is not here: ${command}`;
  }
  if (language === 'rust' && !(await missing('rust'))) {
    const crates = await runCommand(['cargo', 'metadata', '--offline', '--locked', '--format-version=1'], {
      folder: folderOf(file),
    });
    if (crates.code !== 0) return 'its crates are not here: cargo fetch --manifest-path examples/rust/Cargo.toml';
  }
  return missing(language);
}

/** The folder of the language, where the commands are run. */
const folderOf = (file: string): string => `${folder}${file.split('/')[0]}`;

/** Java: less optimization, for short runs. */
const hasty = { JDK_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' };

/** The compilations so far, by folder and commands. */
const compiled = new Map<string, Promise<Outcome>>();

/** Copies of folders, where programs are compiled: other tests may do the same at the same time. */
const workshops = new Map<string, string>();

function workshopOf(folder: string): string {
  const known = workshops.get(folder);
  if (known) return known;
  const workshop = mkdtempSync(join(tmpdir(), 'examples-'));
  process.on('exit', () => rmSync(workshop, { recursive: true }));
  cpSync(folder, workshop, { recursive: true, filter: (file) => basename(file) !== 'build' });
  workshops.set(folder, workshop);
  return workshop;
}

/** Runs a program, other than a page, as the README says. What comes before the last && compiles it, and is run once in this process. */
export async function run(
  { file, command }: Program,
  url: string,
  { args = [], environment = {} }: Options = {},
): Promise<Outcome> {
  const local = command.replace('npm install && ', '').replace(/^python3/, process.env.PYTHON ?? 'python3');
  const [, compile, last] = /^(?:(.*) && )?(.*)$/.exec(local) ?? [];
  const folder = compile ? workshopOf(folderOf(file)) : folderOf(file);
  if (compile) {
    const key = `${folder}: ${compile}`;
    const compilation = compiled.get(key) ?? runCommand(['sh', '-c', compile], { folder, environment: hasty });
    compiled.set(key, compilation);
    const outcome = await compilation;
    if (outcome.code !== 0) return outcome;
  }
  return runCommand(['sh', '-c', `${last} "$@"`, 'sh', ...args], {
    folder,
    environment: { ...hasty, GRADIENTS_URL: url, ...environment },
  });
}

/** The programs in the README's tables: those for the article, those that no test runs, those with a classifier, those that train, those by Levenberg and Marquardt, tests, and those for UM-Bridge. */
export const tables = readme
  .split(/^\| example \|.*\n\|---.*\n/m)
  .slice(1)
  .map((table) => [...table.matchAll(/^\| \[.*?\]\((.*?)\).*?\| `(.*?)`(.*)$/gm)].map(read));
export const [articles, untested, classifiers, trainings, levenbergs, backprops, bridges] = tables;
