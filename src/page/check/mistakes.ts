// The catalogue of mistakes, as GET /mistakes/{name} has it, read as far as it is needed.
import { signal } from '@preact/signals';
import { ask } from '../service/ask.ts';

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

/** A mistake by its name; undefined until it has been read. */
export function mistakeOf(name: string): Mistake | undefined {
  if (!asked.has(name)) {
    asked.add(name);
    read(name);
  }
  return known.value.get(name);
}

async function read(name: string): Promise<void> {
  const outcome = await ask<Mistake>('GET', `mistakes/${name}`);
  if ('answer' in outcome) known.value = new Map([...known.peek(), [name, outcome.answer]]);
  // It is asked for again when it is shown again.
  else asked.delete(name);
}
