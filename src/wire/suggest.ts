// What a client probably meant by an unknown name or key: the name here of what it names elsewhere, or a name that it misspells.
import { distance } from 'fastest-levenshtein';
import { type Aliases, aliasesOf, keyAliases, type Meaning } from '../../schemas/aliases.ts';
import { keyPlaces } from '../../schemas/key-places.ts';

/** Longer names are not searched for. */
const MOST_CHARACTERS = 60;

/** Words around a name that only say what it is a name of. */
const BEFORE = /^(?:nnf?|torch|keras|tf|jax|optax|flax|loss|layer|activation)+/;
const AFTER = /(?:loss(?:es)?|layer|activation|function|func|fcn|fct|fn|cost|criterion)+$/;

const NO_MEANINGS: readonly Meaning[] = [];

/**
 * What an unknown name stands for, to follow it in an error text; empty if that is unclear, or if there is nothing like it.
 * `names` are those that the schema allows.
 */
export function suggestName(given: string, names: readonly string[]): string {
  const forms = formsOf(given);
  const same = nameOf(forms, names);
  if (same) return `: it is ${same} here`;
  const aliases = aliasesOf(names);
  const meaning = meaningIn(forms, aliases);
  return meaning ? told(meaning) : misspelt(forms, names, aliases);
}

/** The name that an unknown name stands for; undefined if that is unclear. */
export function nameMeant(given: string, names: readonly string[]): string | undefined {
  const forms = formsOf(given);
  const meant = meaningIn(forms, aliasesOf(names))?.meant;
  return nameOf(forms, names) ?? (typeof meant === 'object' ? meant.type : meant);
}

/** The same for an unknown key of an object with these keys; `isVariant` for an object with a `type`. */
export function suggestKey(given: string, keys: readonly string[], isVariant: boolean): string {
  const forms = formsOf(given);
  const same = nameOf(forms, keys);
  if (same) return `: it is ${same} here`;
  const meanings = keyAliases.get(forms.find((form) => keyAliases.has(form)) as string) ?? NO_MEANINGS;
  const own = meanings.find(({ meant }) => keys.includes(meant as string));
  if (own) return told(own);
  if (!isVariant) {
    const elsewhere = nameOf(forms, [...keyPlaces.keys()]) ?? meanings.find(({ meant }) => meant)?.meant;
    if (elsewhere) return `: it ${elsewhere === given ? 'belongs' : `is ${elsewhere} here,`} ${placeOf(elsewhere as string)}`;
  }
  const [note] = meanings.filter(({ meant }) => meant === undefined);
  if (note) return told(note);
  const ownAliases = [...keyAliases].filter(([, meanings]) => meanings.some(({ meant }) => keys.includes(meant as string)));
  return misspelt(forms, keys, new Map(ownAliases));
}

/** The keys that a key may stand for, wherever they belong, the most likely first. */
export function keysMeant(given: string): string[] {
  const forms = formsOf(given);
  const meant = forms.flatMap((form) => keyAliases.get(form) ?? NO_MEANINGS).map((meaning) => `${meaning.meant}`);
  return [...meant, ...[...keyPlaces.keys()].filter((key) => forms.includes(wordOf(key)))];
}

/** Whether a key is what others call the `type` of a variant. */
export function isVariantType(key: string): boolean {
  return formsOf(key).some((form) => form === 'type' || keyAliases.get(form)?.some(({ meant }) => meant === 'type'));
}

function placeOf(key: string): string {
  const path = keyPlaces.get(key);
  return path ? `in ${path}` : 'at the top';
}

/** A name in lower case, without module, arguments and punctuation: "torch.nn.LeakyReLU(0.1)" is leakyrelu. */
function wordOf(name: string): string {
  const own = name
    .slice(0, MOST_CHARACTERS)
    .replace(/\(.*$/s, '')
    .replace(/^.*(?:\.|::|\/)(?=.)/s, '');
  return own.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** The word for a name, and the same without the words around it. */
function formsOf(name: string): string[] {
  const word = wordOf(name);
  const forms = [word, word.replace(AFTER, ''), word.replace(BEFORE, ''), word.replace(BEFORE, '').replace(AFTER, '')];
  return [...new Set(forms)].filter((form) => form !== '');
}

function nameOf(forms: readonly string[], names: readonly string[]): string | undefined {
  return names.find((name) => forms.includes(wordOf(name)));
}

function meaningIn(forms: readonly string[], aliases: Aliases): Meaning | undefined {
  return forms.flatMap((form) => aliases.get(form) ?? NO_MEANINGS)[0];
}

function told({ meant, note }: Meaning): string {
  if (meant === undefined) return note && `: ${note}`;
  return `: it is ${typeof meant === 'string' ? meant : JSON.stringify(meant)} here${note && `, ${note}`}`;
}

/** The names, or aliases of names, with the fewest typing errors; nothing if those have no counterpart here. */
function misspelt(forms: readonly string[], names: readonly string[], aliases: Aliases): string {
  const own = names.map((name): [string, Meaning[]] => [wordOf(name), [{ meant: name, note: '' }]]);
  const byWord = new Map([...aliases, ...own]);
  let least = Number.POSITIVE_INFINITY;
  let words: string[] = [];
  for (const word of byWord.keys()) {
    const typos = Math.min(...forms.map((form) => typosIn(form, word)));
    if (typos < least) words = [];
    if (typos <= least && typos < Number.POSITIVE_INFINITY) words.push(word);
    least = Math.min(least, typos);
  }
  const meanings = new Map(words.map((word) => [byWord.get(word)?.[0].meant, word]));
  meanings.delete(undefined);
  if (meanings.size === 0) return '';
  const nearest = Array.from(meanings, ([meant, word]) => {
    if (typeof meant !== 'string') return `"${word}", which is ${JSON.stringify(meant)} here`;
    return wordOf(meant) === word ? `"${meant}"` : `"${word}", which is ${meant} here`;
  });
  return `, nearest is ${nearest.join(' or ')}`;
}

/** The number of typing errors that make `given` of a known word; infinite if they are more likely two words. */
function typosIn(given: string, known: string): number {
  const swapped = isSwapped(given, known);
  const typos = swapped ? 1 : distance(given, known);
  const isTypo =
    typos <= (given.length < 8 ? 1 : 2) &&
    // relu1 is not relu6, prelu is not relu, and another letter of three makes another word.
    given.replace(/\D/g, '') === known.replace(/\D/g, '') &&
    (swapped || given[0] === known[0] || known.length > 5) &&
    (swapped || given.length > 3 || given.length !== known.length);
  return isTypo ? typos : Number.POSITIVE_INFINITY;
}

/** Whether two words differ only in the order of two neighbouring letters. */
function isSwapped(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2);
}
