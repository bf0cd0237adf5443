// Datasets as safetensors files: the tensors inputs, targets or classes, sample_weights. The file is stored as it is.
import { Refusal } from '../refusal.ts';
import type { TextLimits } from '../wire/json-text.ts';
import {
  checkLayout,
  type Entry,
  headerLengthOf,
  LENGTH_BYTES,
  METADATA,
  malformed,
  readEntry,
  readHeader,
} from '../wire/safetensors-layout.ts';
import { checkColumns, NumbersCheck, type Refuse } from './columns.ts';
import type { Column, Columns, Source } from './dataset.ts';
import type { Outputs } from './outputs.ts';

/** The longest header of a dataset, in bytes. It has at most four tensors, and perhaps strings. */
const HEADER_LIMIT = 2 ** 20;

/** A file of which the header is known. */
interface Layout {
  /** In the order of their data. */
  readonly entries: readonly Entry[];
  /** Where the data begin in the file. */
  readonly data: number;
  /** The length of the data. */
  readonly bytes: number;
}

const refuse: Refuse = (type, name, detail, place) =>
  new Refusal(type, { detail: `${place === undefined ? name : `/${name}/${place}`}: ${detail}` });

/**
 * Reads a file while it arrives.
 * @throws Refusal `malformed-body`, `invalid-request`, `shape-mismatch`; whatever the stream or the outputs throw.
 */
export async function readSafetensors(bytes: AsyncIterable<Uint8Array>, outputs: Outputs, limits: TextLimits): Promise<Columns> {
  const output = outputs.open();
  const check = new SafetensorsCheck(limits, refuse);
  for await (const chunk of bytes) {
    check.add(chunk);
    await output.push(chunk);
  }
  return columnsOf(check.end(), { object: output.key });
}

/** The columns of a file that lies in a source. */
export function columnsOf({ entries, data }: Layout, source: Source): Columns {
  const column = ({ name, dtype, shape, begin }: Entry): [string, Column] => [
    name,
    { source, offset: data + begin, dtype, shape },
  ];
  return Object.fromEntries(entries.map(column)) as unknown as Columns;
}

/** Checks a file while its bytes arrive, in pieces of any lengths. */
export class SafetensorsCheck {
  readonly #limits: TextLimits;
  readonly #refuse: Refuse;
  /** The pieces of the header, and how many bytes they have and must have to be read. */
  #head: Uint8Array[] = [];
  #length = 0;
  #needed = LENGTH_BYTES;
  #layout: Layout | undefined;
  #checks: readonly NumbersCheck[] = [];
  /** The index of the tensor whose data arrive, and how many bytes of the data have arrived. */
  #current = 0;
  #at = 0;

  constructor(limits: TextLimits, refuse: Refuse) {
    this.#limits = limits;
    this.#refuse = refuse;
  }

  /** @throws Refusal `malformed-body`, `too-complex`; `invalid-request`, `shape-mismatch`, made by `refuse`. */
  add(bytes: Uint8Array): void {
    if (this.#layout) {
      this.#check(bytes, this.#layout);
      return;
    }
    this.#head.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#needed) return;
    const head = Buffer.concat(this.#head);
    const length = headerLengthOf(head);
    if (length > HEADER_LIMIT)
      throw malformed(`the header is too long: ${length} bytes, more than the ${HEADER_LIMIT} of a dataset`);
    this.#head = [head];
    this.#needed = LENGTH_BYTES + length;
    if (this.#length >= this.#needed) this.#begin();
  }

  /** To be called at the end of the file. @throws Refusal `malformed-body`; `invalid-request`, made by `refuse`. */
  end(): Layout {
    // Throws if the header is cut off.
    const layout = this.#layout ?? this.#begin();
    if (this.#at < layout.bytes) {
      const end = layout.data + layout.bytes;
      throw malformed(`the file is cut off: it should have ${end} bytes, and has ${layout.data + this.#at}`);
    }
    for (const check of this.#checks) check.end();
    return layout;
  }

  #begin(): Layout {
    const head = Buffer.concat(this.#head);
    const { length, entries: described } = readHeader(head, this.#limits);
    const data = LENGTH_BYTES + length;
    const { [METADATA]: _, ...tensors } = described;
    const entries = Object.entries(tensors).map(([name, value]) => readEntry(name, value));
    const end = Math.max(0, ...entries.map((entry) => entry.end));
    checkLayout(entries, data, data + end);
    checkColumns(new Map(entries.map((entry) => [entry.name, entry])), this.#refuse);
    this.#checks = entries.map((entry) => new NumbersCheck(entry.name, entry, this.#refuse));
    this.#layout = { entries, data, bytes: end };
    this.#check(head.subarray(data), this.#layout);
    this.#head = [];
    return this.#layout;
  }

  #check(bytes: Uint8Array, { entries, bytes: length }: Layout): void {
    if (this.#at + bytes.length > length) throw malformed(`a hole: the bytes from ${length} on are no tensor's`);
    for (let rest = bytes; rest.length > 0; ) {
      const { end } = entries[this.#current];
      const own = rest.subarray(0, end - this.#at);
      this.#checks[this.#current].add(own);
      this.#at += own.length;
      rest = rest.subarray(own.length);
      if (this.#at === end) this.#current++;
    }
  }
}
