// What a client probably meant by an unknown name or key: the name here of what it names elsewhere, or a name that it misspells.
import { type Aliases, aliasesOf, keyAliases, type Meaning } from '../../schemas/aliases.ts';
import { type KeyPlaces, optionKeys } from './key-places.ts';
import { find, formsOf, MOST_TYPOS, typosIn, wordOf } from './words.ts';

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

/** What an unknown key of an object with these keys stands for, if it is one of them. */
export function suggestOwnKey(given: string, keys: readonly string[]): string {
  const forms = formsOf(given);
  const vocabulary = vocabularyOf(keys, ownAliases);
  return known(forms, vocabulary) ?? misspelt(forms, vocabulary);
}

/** An object of a request. */
export interface Parent {
  readonly keys: readonly string[];
  readonly path: string;
  /** Whether it is a variant of a union, with a `type`. */
  readonly isVariant: boolean;
}

/** What an unknown key of an object stands for: one of the object's own keys, or a key of another object of the same request. */
export function suggestKey(given: string, { keys, path, isVariant }: Parent, places: KeyPlaces): string {
  const forms = formsOf(given);
  const vocabulary = vocabularyOf(keys, ownAliases);
  const own = known(forms, vocabulary);
  if (own !== undefined) return own;
  const same = find(forms, places.words);
  const meanings = same === undefined ? aliased(forms, places) : [{ meant: same, note: '' }];
  // A word for an option, such as "a", says too little outside of a variant.
  const belongs = ({ meant }: Meaning) => meant !== undefined && (meant === same || !optionKeys.has(`${meant}`));
  const elsewhere = isVariant ? besideLoss(meanings, places) : meanings.find(belongs);
  if (elsewhere) {
    const { meant, note } = elsewhere;
    const place = places.nearest(`${meant}`, path);
    return `: it ${meant === given ? 'belongs' : `is ${meant} here,`} ${place ? `in ${place}` : 'at the top'}${note && `, ${note}`}`;
  }
  const note = meanings.find(({ meant }) => meant === undefined);
  return note ? told(note) : misspelt(forms, vocabulary);
}

/** What a key of another library means in a request: keys that the request has, or that there is no such key. */
function aliased(forms: readonly string[], places: KeyPlaces): readonly Meaning[] {
  const meanings = find(forms, keyAliases) ?? NO_MEANINGS;
  return meanings.filter(({ meant }) => meant === undefined || places.has(`${meant}`));
}

/** Of a key among the options of a variant, only a penalty is expected elsewhere: in other libraries it is an option of the loss. */
function besideLoss([first]: readonly Meaning[], places: KeyPlaces): Meaning | undefined {
  return first?.meant === 'penalty' || places.nearest(`${first?.meant}`, '') === 'penalty' ? first : undefined;
}

/** The keys that a key may stand for, wherever in a request they belong, the most likely first. */
export function keysMeant(given: string, places: KeyPlaces): string[] {
  const forms = formsOf(given);
  const same = find(forms, places.words);
  const meant = [...aliased(forms, places).map(({ meant }) => `${meant}`), ...(same === undefined ? [] : [same])];
  return meant.length > 0 ? meant : [...withFewestTypos(forms, places.words).keys()];
}

/** Whether a key is what others call the `type` of a variant. */
export function isVariantType(key: string): boolean {
  const forms = formsOf(key);
  return forms.includes('type') || (find(forms, keyAliases) ?? NO_MEANINGS).some(({ meant }) => meant === 'type');
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
  const ofAliases = Array.from(aliases, ([word, [{ meant }]]) => [word, meant] as const);
  const meanings = withFewestTypos<Meaning['meant']>(forms, [...ofAliases, ...words]);
  meanings.delete(undefined);
  if (meanings.size === 0) return '';
  const nearest = Array.from(meanings, ([meant, word]) => {
    if (typeof meant !== 'string') return `"${word}", which is ${JSON.stringify(meant)} here`;
    return words.has(word) ? `"${meant}"` : `"${word}", which is ${meant} here`;
  });
  return `, nearest is ${nearest.join(' or ')}`;
}

/** What the words with the fewest typing errors mean, with those words; nothing if there are no such words. */
function withFewestTypos<Meant>(forms: readonly string[], words: Iterable<readonly [string, Meant]>): Map<Meant, string> {
  let least = MOST_TYPOS;
  const meanings = new Map<Meant, string>();
  for (const [word, meant] of words)
    for (const form of forms) {
      const typos = typosIn(form, word);
      if (typos > least) continue;
      if (typos < least) meanings.clear();
      least = typos;
      meanings.set(meant, word);
    }
  return meanings;
}
