// Explains syntax errors of JSON texts: tokens that other languages have, and the place of an error in the document.

/** What JSON does not have, by the beginning of a token. */
const FOREIGN: readonly [token: RegExp, what: string][] = [
  [/^[+-]?NaN\b/i, 'NaN: every number must be finite'],
  [/^[+-]?(Inf(inity)?\b|∞)/i, 'Infinity: every number must be finite'],
  [/^'/, 'strings in single quotes: write them in double quotes'],
  [/^[“”„«`‘’]/u, 'such quotes: write strings in double quotes, "'],
  [/^(\/[/*]|#|--|%)/, 'comments'],
  [/^(None|nil|NULL|undefined|NA(_\w+)?|missing|Nothing)\b/, 'such value: write null, or leave the key out'],
  [/^(True|False|TRUE|FALSE)\b/, 'such value: write true or false'],
  [/^(\.\.\.|…)/, 'such abbreviation: write all values'],
  [/^[A-Za-z_][\w.:]*\(/, 'functions: write lists in square brackets'],
  [/^\(/, 'parentheses: write lists in square brackets'],
  [/^;/, 'semicolons: rows are lists, with commas between them'],
  [/^[+-]?\.\d/, 'numbers that begin with a point: write a 0 before it'],
  [/^\+/, 'plus signs before numbers: leave them out'],
  [/^-?\d+\.(?!\d)/, 'numbers that end in a point: write a 0 after it, or leave it out'],
];

/** Of a key without quotes; shells of Windows remove them. */
const NO_QUOTES = 'keys without quotes: write them in double quotes; if a shell takes these away, send a file';

/**
 * A hint for a text that goes on with `rest` where JSON ends; undefined if there is none. `isInNumber`: directly after the digits
 * of a number; `isKey`: where a key should be.
 */
export function foreignToken(rest: string, isInNumber: boolean, isKey: boolean): string | undefined {
  if (isInNumber) return `JSON has no ${/^\d/.test(rest) ? 'leading zeros' : 'such numbers: write decimal digits only'}`;
  const what = FOREIGN.find(([token]) => token.test(rest))?.[1] ?? (isKey && /^[\p{L}_$]/u.test(rest) ? NO_QUOTES : undefined);
  return what && `JSON has no ${what}`;
}

const [QUOTE, BACKSLASH, COLON, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\:,[]{}');

/** The offset of the closing quote of the string that begins at `start`. */
export function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** The keys and indices that lead to offset `end` of a text, which is valid JSON up to there; undefined where a key should be. */
export function pathTo(bytes: Buffer, end: number): (string | number | undefined)[] {
  const path: (string | number | undefined)[] = [];
  /** For each object, the offsets of its last key; for each list, nothing. */
  const keys: ([start: number, end: number] | undefined)[] = [];
  let last: [start: number, end: number] = [0, 0];
  for (let at = 0; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      last = [at, endOfText(bytes, at) + 1];
      at = last[1] - 1;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      path.push(byte === OPEN_LIST ? 0 : undefined);
      keys.push(undefined);
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      path.pop();
      keys.pop();
    } else if (byte === COLON) keys[keys.length - 1] = last;
    else if (byte === COMMA) {
      const index = path[path.length - 1];
      if (typeof index === 'number') path[path.length - 1] = index + 1;
      else keys[keys.length - 1] = undefined;
    }
  }
  return path.map((index, depth) => {
    const key = keys[depth];
    return key ? (JSON.parse(bytes.toString('utf8', ...key)) as string) : index;
  });
}
