// JSON laid out for people, and the same as a literal of languages that write it alike.

/** How a language writes what it does not write as JSON does. */
export interface Dialect {
  readonly true: string;
  readonly false: string;
  readonly null: string;
  key(text: string): string;
}

export const json: Dialect = { true: 'true', false: 'false', null: 'null', key: quoted };

const WIDTH = 100;

/** A value of JSON, in ASCII alone: on one line where it fits, and otherwise with an item or a full line of numbers per line. */
export function literal(value: unknown, dialect: Dialect = json, indent = ''): string {
  const short = oneLine(value, dialect);
  if (indent.length + short.length <= WIDTH || !(value instanceof Object)) return short;
  const inner = `${indent}  `;
  if (!Array.isArray(value)) {
    const members = entries(value).map(([key, item]) => `${dialect.key(key)}: ${literal(item, dialect, inner)}`);
    return `{\n${inner}${members.join(`,\n${inner}`)}\n${indent}}`;
  }
  const flat = !value.some((item) => item instanceof Object);
  const items = flat
    ? fill(
        value.map((item) => oneLine(item, dialect)),
        inner,
      )
    : value.map((item) => literal(item, dialect, inner));
  return `[\n${inner}${items.join(`,\n${inner}`)}\n${indent}]`;
}

function oneLine(value: unknown, dialect: Dialect): string {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map((item) => oneLine(item, dialect)).join(', ')}]`;
  if (value instanceof Object) {
    const members = entries(value).map(([key, item]) => `${dialect.key(key)}: ${oneLine(item, dialect)}`);
    return members.length > 0 ? `{ ${members.join(', ')} }` : '{}';
  }
  return value === true ? dialect.true : value === false ? dialect.false : dialect.null;
}

/** JSON has no members that are undefined. */
function entries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}

/** Joins items to lines of as many as fit. */
function fill(items: string[], indent: string): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines[lines.length - 1];
    if (last !== undefined && indent.length + last.length + item.length < WIDTH) lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(item);
  }
  return lines;
}

/** In the shortest exact form; as a decimal where it would not fit the integers of other languages, or lose the sign of its 0. */
function number(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = JSON.stringify(value);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A string as JSON has it, in ASCII, so that no language and no editor reads it otherwise. */
export function quoted(text: string): string {
  return escaped(JSON.stringify(text), /[^ -~]/g);
}

/** Writes characters of JSON's strings as \uXXXX. */
export function escaped(text: string, characters: RegExp): string {
  return text.replace(characters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
