// The state as the fragment of an address, and back: #view=code&step=4&request=…
import { pageExamples } from './request/examples.ts';
import { pack, unpack } from './request/link.ts';
import { digitChoices, edgeChoices, languages, START, type Visit, viewNames } from './state.ts';

/** What browsers take as an address, less what may be put around it. */
export const MAX_LINK = 2_000_000;

/** A longer request is not in the live address. */
export const MAX_LIVE = 100_000;

/** Requests that have been compressed already. */
const packed = new WeakMap<object, Promise<string>>();

/** The request as a parameter: by the name of an example, or compressed. */
async function requestParameter(request: unknown): Promise<readonly [key: string, value: string]> {
  const example = pageExamples.find((each) => each.request === request);
  if (example) return ['example', example.name];
  if (!(request instanceof Object)) return ['request', await pack(request)];
  const text = packed.get(request) ?? pack(request);
  packed.set(request, text);
  return ['request', await text];
}

/** All parameters but the request, those at their defaults left out. */
export function parametersOf(visit: Visit): URLSearchParams {
  const { view, step, cell, selection, sample, edges, digits, present, language } = visit;
  const all = {
    language,
    present: present ? '' : undefined,
    view,
    step: `${step + 1}`,
    cell: pair(cell),
    select: selection && [selection.column, selection.unit, selection.input].filter((n) => n !== undefined).join(':'),
    sample: `${sample + 1}`,
    edges,
    digits: `${digits}`,
  };
  const defaults: Record<string, string> = {
    view: START.view,
    step: '1',
    cell: pair(START.cell),
    sample: '1',
    edges: START.edges,
    digits: `${START.digits}`,
  };
  const given = Object.entries(all).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== defaults[entry[0]],
  );
  return new URLSearchParams(given);
}

const pair = ([row, column]: readonly [number, number]) => `${row + 1},${column + 1}`;

/** The fragment for a state. A request that is too large for a link is left out. */
export async function toHash(visit: Visit, max = MAX_LINK): Promise<string> {
  const parameters = parametersOf(visit);
  const [key, value] = await requestParameter(visit.request);
  if (value.length <= max) parameters.set(key, value);
  // Readable, and safe in messages: only what a fragment may hold is left as it is.
  return `#${parameters}`.replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('=&', '&').replace(/=$/, '');
}

/** What a fragment says of the state; undefined if it holds none of it. Throws UnreadableLink. */
export async function fromHash(hash: string): Promise<Partial<Visit> | undefined> {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const oneOf = <Value>(key: string, values: readonly Value[]) => values.find((value) => `${value}` === given.get(key));
  const count = (key: string) => numbersOf(given.get(key), /^(\d{1,9})$/)?.map((n) => n - 1)[0];
  const cell = numbersOf(given.get('cell'), /^(\d{1,9}),(\d{1,9})$/);
  const [column, unit, input] = numbersOf(given.get('select'), /^(\d{1,9}):(\d{1,9})(?::(\d{1,9}))?$/) ?? [];
  const packed = given.get('request');
  const found: Partial<{ [Key in keyof Visit]: Visit[Key] | undefined }> = {
    request: packed === null ? pageExamples.find(({ name }) => name === given.get('example'))?.request : await unpack(packed),
    language: oneOf('language', languages),
    present: given.has('present') || undefined,
    view: oneOf('view', viewNames),
    step: count('step'),
    cell: cell && [cell[0] - 1, cell[1] - 1],
    selection: column === undefined ? undefined : { column, unit, ...(input !== undefined && { input }) },
    sample: count('sample'),
    edges: oneOf('edges', edgeChoices),
    digits: oneOf('digits', digitChoices),
  };
  const patch = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Partial<Visit>;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** The numbers that a pattern finds in a text. */
function numbersOf(text: string | null, pattern: RegExp): number[] | undefined {
  const found = text?.match(pattern);
  return found
    ?.slice(1)
    .filter((group) => group !== undefined)
    .map(Number);
}
