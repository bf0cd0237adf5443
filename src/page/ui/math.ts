// Formulas: from a line such as W_1^T dZ_1 or {2}/{4} (Y_3 − T) to a tree, and to words.

/** A letter that stands for a number or a matrix, the name of a function, a number, a sign, a word, or a fraction. */
/** What may have a subscript and a superscript. */
export interface Scripted {
  readonly kind: 'letter' | 'name';
  readonly text: string;
  readonly below?: string;
  readonly above?: string;
}

export type MathNode =
  | Scripted
  | { readonly kind: 'number' | 'sign' | 'words'; readonly text: string }
  | { readonly kind: 'fraction'; readonly over: readonly MathNode[]; readonly under: readonly MathNode[] };

const SCRIPTS = String.raw`(?:_(?:(\d+|[a-z])|\{([^}]*)\}))?(?:\^(\w+))?`;

/** A single letter, perhaps after d or ∂, with its subscript and superscript; otherwise what is longer is a name, underscores included. */
const LETTER = new RegExp(String.raw`((?:∂|d)?[\p{L}Σ](?![\p{L}\d]|_[a-z]{2})′?)${SCRIPTS}`, 'uy');
const NAME = new RegExp(String.raw`(\p{L}[\p{L}\d]*(?:_\p{L}[\p{L}\d]+)*′?)${SCRIPTS}`, 'uy');
const NUMBER = /\d+(?:\.\d+)?(?:e[−-]?\d+)?/y;
const WORDS = /"([^"]*)"/y;
const SPACE = /\s+/y;
const FRACTION = /\{([^{}]*)\}\/\{([^{}]*)\}/y;

/** The tree of a formula. */
export function parseMath(text: string): MathNode[] {
  const nodes: MathNode[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const scripted = (kind: 'letter' | 'name', [, name, below, belowWords, above]: RegExpExecArray): MathNode => ({
    kind,
    text: name,
    ...((below ?? belowWords) !== undefined && { below: below ?? belowWords }),
    ...(above !== undefined && { above }),
  });
  while (at < text.length) {
    if (take(SPACE)) continue;
    const fraction = take(FRACTION);
    const letter = !fraction && take(LETTER);
    const name = !fraction && !letter && take(NAME);
    const number = !fraction && !letter && !name && take(NUMBER);
    const words = !fraction && !letter && !name && !number && take(WORDS);
    if (fraction) nodes.push({ kind: 'fraction', over: parseMath(fraction[1]), under: parseMath(fraction[2]) });
    else if (letter) nodes.push(scripted('letter', letter));
    else if (name) nodes.push(scripted('name', name));
    else if (number) nodes.push({ kind: 'number', text: number[0] });
    else if (words) nodes.push({ kind: 'words', text: words[1] });
    else nodes.push({ kind: 'sign', text: text[at++] });
  }
  return nodes;
}

/** How signs are read out. */
export interface SpokenSigns {
  readonly transposed: string;
  readonly elementwise: string;
  readonly prime: string;
  readonly over: string;
}

/** A formula in words. */
export function spoken(nodes: readonly MathNode[], signs: SpokenSigns): string {
  const say = (node: MathNode): string => {
    if (node.kind === 'fraction') return `${spoken(node.over, signs)} ${signs.over} ${spoken(node.under, signs)}`;
    if (node.kind === 'sign') return node.text === '∘' ? signs.elementwise : node.text;
    if (node.kind !== 'letter' && node.kind !== 'name') return node.text;
    const parts = [node.text.replace('′', ` ${signs.prime}`), node.below, node.above === 'T' ? signs.transposed : node.above];
    return parts.filter((part) => part !== undefined).join(' ');
  };
  return nodes.map(say).join(' ');
}

/** A formula in one line, as it is seen. */
export function written(nodes: readonly MathNode[]): string {
  const write = (node: MathNode): string => {
    if (node.kind === 'fraction') return `${written(node.over)}${written(node.under)}`;
    return node.kind === 'letter' || node.kind === 'name' ? `${node.text}${node.below ?? ''}${node.above ?? ''}` : node.text;
  };
  return nodes.map(write).join('');
}
