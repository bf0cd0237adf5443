// Shared by the tests of deploy/: reads its files, and finds the programs that read them.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

/** The path of a file of the repository. */
export const pathOf = (file: string) => new URL(`../../${file}`, import.meta.url).pathname;

export const read = (file: string) => readFileSync(pathOf(file), 'utf8');

// biome-ignore lint/suspicious/noExplicitAny: the tests check the structure of the documents
export type Document = any;

/** The documents of a YAML text, with anchors and merges resolved. */
export function parseYaml(text: string): Document[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS();
  });
}

export const readYaml = (file: string): Document => parseYaml(read(file))[0];

/** Runs a program; also finds programs in sbin, which may be only in root's PATH. */
export const run = (command: string, args: string[], cwd = '.') =>
  promisify(execFile)(command, args, { cwd, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });

/** The reason to skip a test: the program cannot be run (here with arguments that make it print its version). */
export async function missing(command: string, ...args: string[]): Promise<string | false> {
  return run(command, args).then(
    () => false,
    () => `there is no ${command} here that takes ${args.join(' ')}`,
  );
}

/** The default of a setting, which must have one. */
export function defaultOf(properties: Record<string, { default?: unknown }>, name: string): number {
  const value = properties[name]?.default;
  if (typeof value !== 'number') throw new Error(`${name} has no number as its default`);
  return value;
}
