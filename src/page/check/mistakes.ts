// The catalogue of mistakes, as GET /mistakes/{name} has it, read as far as it is needed.
import { signal } from '@preact/signals';
import { ask } from '../service/ask.ts';
import { language } from '../state.ts';

export interface Mistake {
  readonly mistake: string;
  readonly title: string;
  readonly wrong: string;
  readonly right: string;
  readonly sign: string;
  readonly remedy: string;
}

const known = signal<ReadonlyMap<string, Mistake>>(new Map());
const asked = new Set<string>();

/** Where a mistake is described in the language of the page, which may be another one than the browser's. */
export function pathOf(name: string): string {
  return `mistakes/${name}?lang=${language.value}`;
}

/** A mistake by its name; undefined until it has been read. */
export function mistakeOf(name: string): Mistake | undefined {
  const path = pathOf(name);
  if (!asked.has(path)) {
    asked.add(path);
    read(path);
  }
  return known.value.get(path);
}

async function read(path: string): Promise<void> {
  const outcome = await ask<Mistake>('GET', path);
  if ('answer' in outcome) known.value = new Map([...known.peek(), [path, outcome.answer]]);
  // It is asked for again when it is shown again.
  else asked.delete(path);
}
