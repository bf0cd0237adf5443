// The header line of a dataset in CSV, and the columns that the query names.
import { Refusal } from '../refusal.ts';
import { suggestOwn } from '../wire/suggest.ts';
import type { Upload } from './catalog.ts';

/** The most columns that an error text lists. */
const LISTED_COLUMNS = 20;

/** Which columns are which, by their indices. */
export interface Assigned {
  readonly names: readonly string[];
  readonly inputs: readonly number[];
  /** Those that the query names; undefined if it names none. */
  readonly chosen: { readonly as: 'targets' | 'classes'; readonly columns: readonly number[] } | undefined;
}

/** @throws Refusal `invalid-request`, `malformed-body`. */
export function assign(header: readonly string[], { targets, classes }: Upload['query']): Assigned {
  const names = header.map((name) => name.trim());
  checkNames(names, targets ?? classes);
  if (targets !== undefined && classes !== undefined) throw invalid('expected either ?targets or ?classes, got both');
  const as = targets !== undefined ? 'targets' : 'classes';
  const given = targets?.split(',') ?? (classes === undefined ? [] : [classes]);
  const columns = given.map((name) => indexOf(names, name, as));
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) throw invalid(`?targets names the column ${JSON.stringify(names[twice])} twice`);
  const inputs = [...names.keys()].filter((column) => !columns.includes(column));
  if (inputs.length === 0) throw invalid(`expected columns of inputs, but ?${as} names all columns: ${listed(names)}`);
  return { names, inputs, chosen: columns.length > 0 ? { as, columns } : undefined };
}

/** `given` are the names that the query has. */
function checkNames(names: readonly string[], given: string | undefined): void {
  const [first] = names;
  if (names.some((name) => name.includes('\u{fffd}')))
    throw new Refusal('malformed-body', { detail: 'the header line is not UTF-8' });
  const separator = [';', '\t'].find((character) => names.length === 1 && first.includes(character));
  if (separator)
    throw invalid(
      `the header line has no comma, but ${separator === ';' ? 'semicolons' : 'tabs'}: separate values by commas, and write numbers with a point`,
    );
  if (names.every((name) => name !== '' && !Number.isNaN(Number(name))))
    throw invalid(
      `expected a header line with the names of the columns${given === undefined ? '' : `, such as ${given}`}, got numbers`,
    );
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw invalid(`the header line has the column ${JSON.stringify(name)} twice`);
    seen.add(name);
  }
}

function indexOf(names: readonly string[], given: string, key: 'targets' | 'classes'): number {
  const name = given.trim();
  const column = names.indexOf(name);
  if (column < 0)
    throw invalid(`?${key}: there is no column ${JSON.stringify(name)}${suggestOwn(name, names)}; there are ${listed(names)}`);
  return column;
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, LISTED_COLUMNS).join(', ');
  return names.length > LISTED_COLUMNS ? `${some}, … (${names.length} in all)` : some;
}

function invalid(detail: string): Refusal {
  return new Refusal('invalid-request', { detail });
}
