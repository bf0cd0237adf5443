// The code blocks of the documentation: which there are, and which of them are not run, each for its reason.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Block {
  /** The line of the file on which it begins. */
  readonly line: number;
  /** As it stands after the three backticks; empty if nothing does. */
  readonly language: string;
  readonly text: string;
}

/** Every Markdown file of the repository, by its path from the root. */
export const markdownFiles: readonly string[] = globSync('**/*.md', {
  cwd: root,
  // What others wrote, and what tests leave.
  exclude: (name) => name === 'node_modules' || name === 'target' || (name.startsWith('.') && name !== '.'),
}).toSorted();

/** The blocks of a file, in their order. */
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

/** The shell blocks that no test runs, by what they begin with. */
export const notRun: readonly [beginning: string, reason: string][] = [
  ['npm ci && npm start', 'bench/first-gradient.sh runs it, in a clone of its own'],
  ['npm ci && npm test', 'it is what runs this'],
  ['npm run bench', 'it takes minutes, and downloads what it measures against'],
  ['docker compose', 'it needs a Docker engine: deploy/docker-test.sh runs it'],
  ['pip install', 'the tests download nothing: .ci/run installs what they use'],
  ['GRADIENTS_URL=http://127.0.0.1:3000 PYTHONPATH=src python -m unittest', 'test/clients runs these tests'],
];

/** The files that a file links to or shows, as paths. */
export function linksOf(file: string): string[] {
  const prose = readFileSync(join(root, file), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(([, link, picture]) => link ?? picture);
  return links.filter((link) => !/^(https?:|#)/.test(link)).map((link) => join(root, dirname(file), link.replace(/#.*$/, '')));
}
