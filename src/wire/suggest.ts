// What a client probably meant by an unknown name or key: the name here of what it names elsewhere, or a name that it misspells.
import { distance } from 'fastest-levenshtein';
import { type Aliases, aliasesOf, keyAliases, type Meaning } from '../../schemas/aliases.ts';
import { keyPlaces, optionKeys } from '../../schemas/key-places.ts';

/** Longer names are not searched for. */
const MOST_CHARACTERS = 60;

/** Words around a name that only say what it is a name of. */
const BEFORE = /^(?:nnf?|torch|keras|tf|jax|optax|flax|loss|layer|activation)+/;
const AFTER = /(?:loss(?:es)?|layer|activation|function|func|fcn|fct|fn|cost|criterion)+$/;

const NO_MEANINGS: readonly Meaning[] = [];

/** The names that a schema allows, or the keys of an object, by their words, and their aliases. */
interface Vocabulary {
  readonly words: ReadonlyMap<string, string>;
  readonly aliases: Aliases;
}

/** By the list of names. There are as many as schemas. */
const vocabularies = new Map<string, Vocabulary>();

function vocabularyOf(names: readonly string[], aliasesOf: (names: readonly string[]) => Aliases): Vocabulary {
  const id = names.join();
  let known = vocabularies.get(id);
  if (!known) {
    known = { words: new Map(names.map((name) => [wordOf(name), name])), aliases: aliasesOf(names) };
    vocabularies.set(id, known);
  }
  return known;
}

/** The aliases of an object's keys. */
function ownAliases(keys: readonly string[]): Aliases {
  const isOwn = ({ meant }: Meaning) => keys.includes(meant as string);
  const own = [...keyAliases].map(([word, meanings]) => [word, meanings.filter(isOwn)] as const);
  return new Map(own.filter(([, meanings]) => meanings.length > 0));
}

/**
 * What an unknown name stands for, to follow it in an error text; empty if that is unclear, or if there is nothing like it.
 * `names` are those that the schema allows.
 */
export function suggestName(given: string, names: readonly string[]): string {
  const forms = formsOf(given);
  const vocabulary = vocabularyOf(names, aliasesOf);
  return known(forms, vocabulary) ?? misspelt(forms, vocabulary);
}

/** The same for names that a client has chosen, which have no aliases and are not kept. */
export function suggestOwn(given: string, names: readonly string[]): string {
  const forms = formsOf(given);
  const vocabulary = { words: new Map(names.map((name) => [wordOf(name), name])), aliases: new Map() };
  return known(forms, vocabulary) ?? misspelt(forms, vocabulary);
}

/** The name that an unknown name stands for; undefined if that is unclear. */
export function nameMeant(given: string, names: readonly string[]): string | undefined {
  const forms = formsOf(given);
  const { words, aliases } = vocabularyOf(names, aliasesOf);
  const meant = find(forms, aliases)?.[0].meant;
  return find(forms, words) ?? (typeof meant === 'object' ? meant.type : meant);
}

/** What an unknown key of an object with these keys stands for; `isVariant` for an object with a `type`. */
export function suggestKey(given: string, keys: readonly string[], isVariant: boolean): string {
  const forms = formsOf(given);
  const vocabulary = vocabularyOf(keys, ownAliases);
  const own = known(forms, vocabulary);
  if (own !== undefined) return own;
  const meanings = find(forms, keyAliases) ?? NO_MEANINGS;
  const elsewhere = isVariant ? besideLoss(forms, meanings) : placed(forms, meanings, keys);
  if (elsewhere) {
    const { meant, note } = elsewhere;
    return `: it ${meant === given ? 'belongs' : `is ${meant} here,`} ${placeOf(meant as string)}${note && `, ${note}`}`;
  }
  const note = meanings.find(({ meant }) => meant === undefined);
  return note ? told(note) : misspelt(forms, vocabulary);
}

/** What a key stands for that belongs to another object. */
function placed(forms: readonly string[], meanings: readonly Meaning[], keys: readonly string[]): Meaning | undefined {
  // Some operations have fewer keys in the same place.
  const isHere = (key: string) => keys.some((own) => keyPlaces.get(own) === keyPlaces.get(key));
  const key = find(forms, allKeys);
  if (key !== undefined) return isHere(key) ? undefined : { meant: key, note: '' };
  // A word for an option, such as "a", says too little outside of a variant.
  return meanings.find(({ meant }) => meant !== undefined && !optionKeys.has(meant as string) && !isHere(meant as string));
}

/** The same of a key among the options of a variant, where only a penalty is expected: in other libraries it is an option of the loss. */
function besideLoss(forms: readonly string[], meanings: readonly Meaning[]): Meaning | undefined {
  const key = find(forms, allKeys);
  const first = key === undefined ? meanings[0] : { meant: key, note: '' };
  const isPenalty = first?.meant === 'penalty' || keyPlaces.get(`${first?.meant}`) === 'penalty';
  return isPenalty ? first : undefined;
}

/** The keys that a key may stand for, wherever they belong, the most likely first. */
export function keysMeant(given: string): string[] {
  const forms = formsOf(given);
  const meant = (find(forms, keyAliases) ?? NO_MEANINGS).map((meaning) => `${meaning.meant}`);
  const same = find(forms, allKeys);
  return same ? [...meant, same] : meant;
}

/** Whether a key is what others call the `type` of a variant. */
export function isVariantType(key: string): boolean {
  return keysMeant(key).includes('type');
}

/** All keys of a request, by their words. */
const allKeys = new Map(Array.from(keyPlaces.keys(), (key) => [wordOf(key), key]));

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

/** The value of the first form that has one. */
function find<V>(forms: readonly string[], values: ReadonlyMap<string, V>): V | undefined {
  for (const form of forms) if (values.has(form)) return values.get(form);
  return undefined;
}

/** What a name stands for that is the same word as a known name, or an alias; undefined for all others. */
function known(forms: readonly string[], { words, aliases }: Vocabulary): string | undefined {
  const same = find(forms, words);
  const meaning = same ? { meant: same, note: '' } : find(forms, aliases)?.[0];
  return meaning && told(meaning);
}

function told({ meant, note }: Meaning): string {
  if (meant === undefined) return note && `: ${note}`;
  return `: it is ${typeof meant === 'string' ? meant : JSON.stringify(meant)} here${note && `, ${note}`}`;
}

/** The names, or aliases of names, with the fewest typing errors; nothing if those have no counterpart here. */
function misspelt(forms: readonly string[], { words, aliases }: Vocabulary): string {
  let least = MOST_TYPOS;
  const meanings = new Map<Meaning['meant'], string>();
  const compare = (word: string, meant: Meaning['meant']) => {
    for (const form of forms) {
      const typos = typosIn(form, word);
      if (typos > least) continue;
      if (typos < least) meanings.clear();
      least = typos;
      meanings.set(meant, word);
    }
  };
  for (const [word, [{ meant }]] of aliases) compare(word, meant);
  for (const [word, name] of words) compare(word, name);
  meanings.delete(undefined);
  if (meanings.size === 0) return '';
  const nearest = Array.from(meanings, ([meant, word]) => {
    if (typeof meant !== 'string') return `"${word}", which is ${JSON.stringify(meant)} here`;
    return words.has(word) ? `"${meant}"` : `"${word}", which is ${meant} here`;
  });
  return `, nearest is ${nearest.join(' or ')}`;
}

/** The most typing errors in a word, if it is long. */
const MOST_TYPOS = 2;

/** The number of typing errors that make `given` of a known word; infinite if they are more likely two words. */
function typosIn(given: string, known: string): number {
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
