// Names and keys as words, for comparing what a client wrote with what a schema has.
import { distance } from 'fastest-levenshtein';

/** Longer names are not searched for. */
const MOST_CHARACTERS = 60;

/** The most typing errors in a word, if it is long. */
export const MOST_TYPOS = 2;

/** Words around a name that only say what it is a name of. */
const BEFORE = /^(?:nnf?|torch|keras|tf|jax|optax|flax|loss|layer|activation)+/;
const AFTER = /(?:loss(?:es)?|layer|activation|function|func|fcn|fct|fn|cost|criterion)+$/;

/** A name in lower case, without module, arguments and punctuation: "torch.nn.LeakyReLU(0.1)" is leakyrelu. */
export function wordOf(name: string): string {
  const own = name
    .slice(0, MOST_CHARACTERS)
    .replace(/\(.*$/s, '')
    .replace(/^.*(?:\.|::|\/)(?=.)/s, '');
  return own.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** The word for a name, and the same without the words around it. */
export function formsOf(name: string): string[] {
  const word = wordOf(name);
  const forms = [word, word.replace(AFTER, ''), word.replace(BEFORE, ''), word.replace(BEFORE, '').replace(AFTER, '')];
  return [...new Set(forms)].filter((form) => form !== '');
}

/** The value of the first form that has one. */
export function find<V>(forms: readonly string[], values: ReadonlyMap<string, V>): V | undefined {
  for (const form of forms) if (values.has(form)) return values.get(form);
  return undefined;
}

/** The number of typing errors that make `given` of a known word; infinite if they are more likely two words. */
export function typosIn(given: string, known: string): number {
  const most = given.length < 8 ? 1 : MOST_TYPOS;
  if (Math.abs(given.length - known.length) > most) return Number.POSITIVE_INFINITY;
  if (isSwapped(given, known)) return 1;
  // prelu is not relu, relu1 is not relu6, and another letter of three makes another word.
  const isOther =
    (given[0] !== known[0] && known.length <= 5) ||
    (given.length <= 3 && given.length === known.length) ||
    given.replace(/\D/g, '') !== known.replace(/\D/g, '');
  const typos = isOther ? Number.POSITIVE_INFINITY : distance(given, known);
  return typos <= most ? typos : Number.POSITIVE_INFINITY;
}

/** Whether two words differ only in the order of two neighbouring letters. */
function isSwapped(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2);
}
