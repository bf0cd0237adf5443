// The code blocks of the documentation, and the list of those that are not run, with reasons.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Block {
  /** The line of the file where the block begins. */
  readonly line: number;
  /** The text after the three backticks; may be empty. */
  readonly language: string;
  readonly text: string;
}

/** All Markdown files of the repository, as paths from its root. */
export const markdownFiles: readonly string[] = globSync('**/*.md', {
  cwd: root,
  // Skips dependencies, build output, and the files of tools.
  exclude: (name) => name === 'node_modules' || name === 'target' || (name.startsWith('.') && name !== '.'),
}).toSorted();

/** The file that a file translates: docs/tutorial.md for docs/tutorial.zh-CN.md; undefined if it is no translation. */
export function originalOf(file: string): string | undefined {
  return /\.zh-CN\.md$/.test(file) ? file.replace('.zh-CN', '') : undefined;
}

/** The code blocks of a file, in order. */
export function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, language, text], i, all) => ({
    line: lineAt(all[i]),
    language: language.trim(),
    text,
  }));
}

function lineAt({ input = '', index = 0 }: RegExpMatchArray): number {
  return input.slice(0, index).split('\n').length;
}

/** The shell blocks that no test runs, by their beginnings. */
export const notRun: readonly [beginning: string, reason: string][] = [
  ['npm ci && npm start', 'bench/first-gradient.sh runs it, in a clone of its own'],
  ['npm ci', 'a new clone runs it before anything else'],
  ['npm run bench', 'it takes minutes, and downloads what it measures against'],
  ['docker compose', 'it needs a Docker engine: deploy/docker-test.sh runs it'],
  ['npm pack', 'test/clients packs and installs the packages'],
  ['pip install', 'the tests download nothing: .ci/run installs what they use'],
  ['GRADIENTS_URL=http://127.0.0.1:3000 PYTHONPATH=src python -m unittest', 'test/clients runs these tests'],
];

/** The paths of the files that a file links to or embeds. */
export function linksOf(file: string): string[] {
  const prose = readFileSync(join(root, file), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(([, link, picture]) => link ?? picture);
  return links.filter((link) => !/^(https?:|#)/.test(link)).map((link) => join(root, dirname(file), link.replace(/#.*$/, '')));
}
