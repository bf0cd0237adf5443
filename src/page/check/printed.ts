// A number as a program printed it: its value, and how far its digits reach.

export interface Printed {
  /** NaN and Infinity as they were printed; undefined for None, null and NULL. */
  readonly value: number | undefined;
  /** How many digits stand after the point. */
  readonly decimals: number;
  /** How many digits count: without leading zeros. */
  readonly digits: number;
  /** The power of ten after an e; undefined if there is none. */
  readonly exponent: number | undefined;
  /** What a scale factor above the matrix multiplies by, such as MATLAB's 1.0e-03 *. */
  readonly scale: number;
}

/** Fortran writes 1.5D-03. */
export const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?/;

const WORDS: Record<string, number | undefined> = {
  nan: Number.NaN,
  na: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  none: undefined,
  null: undefined,
};

const WHOLE = new RegExp(`^(?:${NUMBER.source})$`);

/** A number, or a word that stands where a number does; undefined if the text is neither. */
export function printed(text: string, scale = 1): Printed | undefined {
  const word = text.replace(/^[+-]/, '').toLowerCase();
  if (Object.hasOwn(WORDS, word)) {
    const value = WORDS[word];
    return { value: text.startsWith('-') ? -(value as number) : value, decimals: 0, digits: 0, exponent: undefined, scale };
  }
  if (!WHOLE.test(text)) return undefined;
  const [mantissa, power] = text.toLowerCase().replace('d', 'e').split('e');
  const [, after = ''] = mantissa.split('.');
  return {
    value: Number(power === undefined ? mantissa : `${mantissa}e${power}`) * scale,
    decimals: after.length,
    digits: mantissa.replace(/[^\d]/g, '').replace(/^0+/, '').length,
    exponent: power === undefined ? undefined : Number(power),
    scale,
  };
}

/** The numbers of a line that holds nothing else, between spaces, commas, semicolons or tabs; undefined for other lines. */
export function numbersIn(line: string, scale = 1): Printed[] | undefined {
  const words = line
    .trim()
    .replace(/[,;]$/, '')
    .split(/\s*[,;\t]\s*|\s+/);
  const numbers = words.map((word) => printed(word, scale));
  return numbers.every((number) => number !== undefined) ? numbers : undefined;
}
