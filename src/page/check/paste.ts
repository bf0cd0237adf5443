// Reads a pasted text line by line: names, arrays in brackets, and the matrices that R, MATLAB, Octave and spreadsheets print without them.
import { ELLIPSIS, readValue, type Value } from './brackets.ts';
import { PasteFault } from './fault.ts';
import { numbersIn, type Printed, printed } from './printed.ts';
import { Table } from './table.ts';

/** An array, number or record as it was pasted. */
export interface Pasted {
  /** As written before it; undefined if it has none. */
  readonly name: string | undefined;
  readonly value: Value;
  /** Whether trailing zeros are left out, as in JSON and NumPy: then the last digit of one number says nothing. */
  readonly trimmed: boolean;
}

const PROMPT = /^\s*(?:>>>|>>|>|In \[\d+\]:|octave:\d+>|julia>)\s*(.*)$/;
const PRINTED_NAME = /^(?:print|disp|display|println)?\s*\(?\s*([A-Za-z_][\w.$[\]]*)\s*\)?;?$/;
const R_PATH = /^(?:\$`?[\w.]+`?|\[\[\d+\]\])+$/;
const R_COLUMNS = /^\s*\[,(\d+)\](?:\s+\[,\d+\])*\s*$/;
const R_ROW = /^\s*\[(\d+),\]\s+(\S.*)$/;
const R_VECTOR = /^\s*\[(\d+)\]\s+(\S.*)$/;
const SCALE = /^\s*(\d+(?:\.\d+)?e[+-]?\d+)\s*\*\s*$/i;
const COLUMNS = /^\s*Columns?\s+(\d+)(?:\s+(?:through|to|and)\s+\d+)?:?\s*$/i;
const CELL = /^\s*\[(\d+),(\d+)\] =\s*$/;
const NOT_PRINTED = /^\s*(?:[\w.]+:\s*)?[[{]\d+[×x]\d+ \w+[\]}]/;
const OMITTED = /omitted \d+ (?:rows|entries|columns)|reached getOption/;

/** What may begin an array behind a name. */
const CONSTRUCTOR = /(?:[a-z]+\.)*(?:array|tensor|matrix|asarray|Parameter|OrderedDict|dict|list|tuple|float64|float32)\s*\(/i;
const BEGINS = new RegExp(`^(?:[[({]|${CONSTRUCTOR.source})`, 'i');
/** dW1, W1.grad, layers[0].weight, ∂L/∂W{2}, gradient of W1. */
const WORD = String.raw`(?:[\w∂∇α-ωΑ-Ω.$'/]|\[{1,2}\d+\]{1,2}|\{\d+\}|\(\d+\))+`;
const NAMED = new RegExp(`^\\s*(["']?)(${WORD}(?: ${WORD})*)\\1\\s*(?::=|<-|=>|=|:)\\s*(\\S.*)?$`);
const NAME_AND_ARRAY = new RegExp(`^\\s*(${WORD}(?: ${WORD})*?)\\s+((?:[[({]|${CONSTRUCTOR.source}).*)$`, 'i');
const NAME_AND_NUMBERS = new RegExp(`^\\s*(${WORD})\\s+([-+.\\d][-+.\\d\\seE,;]*|[-+]?(?:None|NULL|NaN|Inf))$`, 'i');
const LONE_NAME = new RegExp(`^\\s*(${WORD})\\s*$`);
const LETTER = /[A-Za-zα-ωΑ-Ω∂∇]/;
const LONGEST_NAME = 60;
/** 0,5; 0,25 */
const DECIMAL_COMMAS = /^\s*[-+]?\d+,\d+(?:\s*;\s*[-+]?\d+,\d+)+\s*$/;

/** What the pasted text holds, in its order. @throws PasteFault. */
export function readPaste(text: string): Pasted[] {
  return new Paste(
    text
      .replace(/\r\n?/g, '\n')
      .replace(/[−–]/g, '-')
      .replace(/\u00a0|Parameter containing:/g, ' '),
  ).read();
}

class Paste {
  readonly #text: string;
  readonly #found: Pasted[] = [];
  #at = 0;
  #name: string | undefined;
  /** The name of an Octave cell array whose elements follow. */
  #cell: string | undefined;
  #table: Table | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Pasted[] {
    while (this.#at < this.#text.length) {
      const end = this.#text.indexOf('\n', this.#at);
      const line = this.#text.slice(this.#at, end < 0 ? this.#text.length : end);
      const from = this.#at;
      if (!this.#line(line)) this.#unknown(line);
      // Unless an array in brackets was read, which may end anywhere.
      if (this.#at === from) this.#at += line.length + 1;
    }
    this.#close();
    if (this.#found.length === 0) throw new PasteFault((t) => t.noNumbers());
    return this.#found;
  }

  /** Reads a line; false if it is nothing known. */
  #line(line: string): boolean {
    if (line.trim() === '' || /^\s*[,;}\])]+\s*$/.test(line)) {
      this.#table?.pause();
      return true;
    }
    return this.#ofPrompt(line) || this.#ofTable(line) || this.#ofR(line) || this.#bracketed(line, 0) || this.#named(line);
  }

  #ofPrompt(line: string): boolean {
    const [, code] = PROMPT.exec(line) ?? [];
    if (code === undefined) return this.#ofOutput(line);
    this.#close();
    this.#name = PRINTED_NAME.exec(code)?.[1];
    return true;
  }

  /** Out[3]: before what Jupyter shows. */
  #ofOutput(line: string): boolean {
    const [prefix] = /^\s*Out\[\d+\]:\s*/.exec(line) ?? [];
    if (prefix === undefined) return false;
    this.#at += prefix.length;
    return this.#bracketed(line.slice(prefix.length), 0) || prefix.length === line.length;
  }

  /** Lines of matrices without brackets. */
  #ofTable(line: string): boolean {
    const name = this.#table?.name ?? this.#name;
    if (OMITTED.test(line) || (ELLIPSIS.test(line) && !/[A-Za-z[({]/.test(line))) throw new PasteFault((t) => t.cutOff(name));
    if (DECIMAL_COMMAS.test(line)) throw new PasteFault((t) => t.decimalCommas(line.trim()));
    if (NOT_PRINTED.test(line)) throw new PasteFault((t) => t.notPrinted(line.trim()));
    const [, scale] = SCALE.exec(line) ?? [];
    if (scale !== undefined) {
      this.#open('plain').scale = Number(scale);
      return true;
    }
    const [, column] = COLUMNS.exec(line) ?? [];
    if (column !== undefined) {
      if (column !== '1') this.#table?.nextBlock();
      return true;
    }
    const table = this.#table;
    const numbers = numbersIn(line, table?.kind === 'plain' && table.continues ? table.scale : 1);
    if (!numbers) return false;
    (table?.kind === 'plain' && table.continues ? table : this.#open('plain')).row(numbers, line.includes(','));
    return true;
  }

  #ofR(line: string): boolean {
    if (R_PATH.test(line.trim())) {
      this.#close();
      this.#name = line.trim();
      return true;
    }
    const [, column] = R_COLUMNS.exec(line) ?? [];
    if (column !== undefined) {
      if (column === '1' || this.#table?.kind !== 'R matrix') this.#open('R matrix');
      else this.#table.nextBlock();
      return true;
    }
    const [, row, ofMatrix] = R_ROW.exec(line) ?? [];
    const [, first, ofVector] = R_VECTOR.exec(line) ?? [];
    const numbers = numbersIn(ofMatrix ?? ofVector ?? '');
    if (!numbers) return false;
    const kind = row === undefined ? 'R vector' : 'R matrix';
    const isFirst =
      kind === 'R vector' ? first === '1' : row === '1' && this.#table?.rows.length !== 0 && !this.#table?.isInBlock;
    const table = this.#table?.kind === kind && !isFirst ? this.#table : this.#open(kind);
    table.row(numbers);
    return true;
  }

  /** An array in brackets from a position of the line on. */
  #bracketed(line: string, at: number): boolean {
    const rest = line.slice(at).trimStart();
    if (!BEGINS.test(rest)) return false;
    if (/^\{\s*$/.test(rest) && CELL.test(this.#text.slice(this.#at + line.length + 1).split('\n', 1)[0])) {
      this.#cell = this.#name;
      return true;
    }
    const [, row, column] = CELL.exec(line) ?? [];
    if (row !== undefined) {
      this.#close();
      this.#name = `${this.#cell ?? 'cell'}{${Math.max(Number(row), Number(column))}}`;
      return true;
    }
    this.#close();
    const { value, end } = readValue(this.#text, this.#at + at, this.#name);
    this.#add(value, true);
    this.#at = end;
    return true;
  }

  /** A name, and perhaps what it names on the same line. */
  #named(line: string): boolean {
    const [, , named, after] = NAMED.exec(line) ?? [];
    const [, first, second] = NAME_AND_ARRAY.exec(line) ?? NAME_AND_NUMBERS.exec(line) ?? [];
    const name = named ?? first ?? LONE_NAME.exec(line)?.[1];
    if (name === undefined || name.length > LONGEST_NAME || !LETTER.test(name)) return false;
    const rest = after ?? second;
    const numbers = rest === undefined ? undefined : numbersIn(rest);
    if (rest !== undefined && !numbers && !BEGINS.test(rest)) return false;
    this.#close();
    this.#name = name;
    if (numbers) this.#add(numbers.length === 1 ? numbers[0] : numbers, false);
    else if (rest !== undefined) return this.#bracketed(line, line.length - rest.length);
    return true;
  }

  /** A line of words is nothing, such as one of a log; one of numbers should have been understood. */
  #unknown(line: string): void {
    this.#close();
    const words = line.trim().split(/[\s,;|]+/);
    const numbers = words.filter((word) => printed(word)?.digits).length;
    if (numbers > words.length - numbers)
      throw new PasteFault((t) => t.unexpected(line.trim().slice(0, LONGEST_NAME), undefined));
  }

  #open(kind: Table['kind']): Table {
    this.#close();
    this.#table = new Table(kind, this.#name);
    return this.#table;
  }

  #close(): void {
    const table = this.#table;
    this.#table = undefined;
    if (!table || table.rows.length === 0) return;
    this.#name = table.name;
    this.#add(table.value(), table.trimmed);
  }

  #add(value: Value | Printed, trimmed: boolean): void {
    this.#found.push({ name: this.#name, value, trimmed });
    this.#name = undefined;
  }
}
