// Datasets as CSV (RFC 4180), in UTF-8, with a header line. Stored are the numbers, in float64.
import { CsvError, Parser } from 'csv-parse';
import { Refusal } from '../refusal.ts';
import { otherFormat } from '../wire/formats.ts';
import type { Upload } from './catalog.ts';
import { type Assigned, assign } from './csv-header.ts';
import type { Columns } from './dataset.ts';
import { NumbersOutput } from './numbers-output.ts';
import type { Outputs } from './outputs.ts';

/** The longest line, in characters: a quote that is not closed makes one line of the rest. */
const LINE_LIMIT = 2 ** 24;

/** The most characters of a value to quote in an error. */
const QUOTED_CHARACTERS = 40;

/** A decimal number. Number() also takes "", "0x10" and "Infinity". */
const NUMBER = /^[ \t]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t]*$/;

/**
 * Reads an upload while it arrives.
 * @throws Refusal `malformed-body`, `invalid-request`, `shape-mismatch`; whatever the stream or the outputs throw.
 */
export async function readCsv({ bytes, query }: Upload, outputs: Outputs): Promise<Columns> {
  let first: Uint8Array = new Uint8Array(0);
  async function* remembered() {
    for await (const chunk of bytes) {
      if (first.length === 0) first = chunk;
      yield chunk;
    }
  }
  let table: Table | undefined;
  try {
    for await (const records of recordsOf(remembered())) {
      if (!table) {
        const header = records.shift() as string[];
        table = new Table(header, assign(header, query), outputs);
      }
      await table.add(records);
    }
  } catch (error) {
    throw (!table && error instanceof Refusal && otherFormat(Buffer.from(first), 'CSV')) || error;
  }
  if (!table) throw new Refusal('malformed-body', { detail: 'the body is empty' });
  return table.end();
}

/** The lines of a text while it arrives, some at a time, at least one. @throws Refusal `malformed-body`. */
async function* recordsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string[][]> {
  const parser = new Parser({
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: LINE_LIMIT,
  });
  // `written` and the loop at the end throw them.
  parser.on('error', () => {});
  try {
    for await (const chunk of bytes) {
      const written = new Promise<void>((resolve, reject) => {
        parser.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
      const records: string[][] = [];
      for (let record: string[] | null = parser.read(); record !== null; record = parser.read()) records.push(record);
      await written;
      if (records.length > 0) yield records;
    }
    parser.end();
    const records: string[][] = [];
    for await (const record of parser) records.push(record);
    if (records.length > 0) yield records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Refusal('malformed-body', { detail: `not CSV: ${error.message}` });
  }
}

/** The numbers of the lines after the header. */
class Table {
  readonly #assigned: Assigned;
  readonly #inputs: NumbersOutput;
  readonly #targets: NumbersOutput | undefined;
  readonly #firstLine: number;
  #samples = 0;

  constructor(header: readonly string[], assigned: Assigned, outputs: Outputs) {
    this.#assigned = assigned;
    this.#inputs = new NumbersOutput(outputs.open());
    this.#targets = assigned.chosen && new NumbersOutput(outputs.open());
    // Names may have line breaks.
    this.#firstLine = header.join().split(/\r\n|\n|\r/).length + 1;
  }

  /** @throws Refusal `invalid-request`, `shape-mismatch`; whatever the outputs throw. */
  async add(records: readonly string[][]): Promise<void> {
    for (const record of records) this.#addLine(record);
    await this.#inputs.flush();
    await this.#targets?.flush();
  }

  /** @throws Refusal `invalid-request`; whatever the outputs throw. */
  async end(): Promise<Columns> {
    const samples = this.#samples;
    if (samples === 0)
      throw new Refusal('invalid-request', { detail: 'expected at least 1 line of numbers after the header line, got none' });
    const { inputs, chosen } = this.#assigned;
    const columns: Columns = { inputs: await this.#inputs.end([samples, inputs.length]) };
    if (!chosen || !this.#targets) return columns;
    const shape = chosen.as === 'targets' ? [samples, chosen.columns.length] : [samples];
    return { ...columns, [chosen.as]: await this.#targets.end(shape) };
  }

  #addLine(record: readonly string[]): void {
    const { names, inputs, chosen } = this.#assigned;
    if (record.length !== names.length)
      throw new Refusal('shape-mismatch', {
        detail: `line ${this.#line}: expected ${names.length} values, as in the header line, got ${record.length}`,
      });
    for (let i = 0; i < inputs.length; i++) this.#inputs.add(this.#numberIn(record, inputs[i]));
    for (const column of chosen?.columns ?? []) {
      const number = this.#numberIn(record, column);
      if (chosen?.as === 'classes' && !Number.isInteger(number)) throw this.#wrong(record, column, 'an integer');
      this.#targets?.add(number);
    }
    this.#samples++;
  }

  get #line(): number {
    return this.#firstLine + this.#samples;
  }

  #numberIn(record: readonly string[], column: number): number {
    const text = record[column];
    const number = Number(text);
    if (!NUMBER.test(text) || !Number.isFinite(number)) throw this.#wrong(record, column, 'a finite number');
    return number;
  }

  #wrong(record: readonly string[], column: number, expected: string): Refusal {
    const text = record[column];
    const shown = text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text;
    const pointed = text.replace(',', '.');
    const advice = pointed !== text && NUMBER.test(pointed) ? `: write it with a point, ${pointed}` : '';
    return new Refusal('invalid-request', {
      detail:
        `line ${this.#line}, column ${JSON.stringify(this.#assigned.names[column])}: expected ${expected}, ` +
        `got ${JSON.stringify(shown)}${advice}`,
    });
  }
}
