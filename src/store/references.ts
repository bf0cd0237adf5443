// Datasets that lie elsewhere: their files are read once when they are put, and stay where they are.
import type { NpyReferences, SafetensorsReference } from '../../schemas/dataset.ts';
import type { ProblemType } from '../../schemas/problem.ts';
import { Refusal } from '../refusal.ts';
import { COLUMN_NAMES, checkColumns, NumbersCheck, type Refuse } from './columns.ts';
import type { Column, ColumnName, Columns } from './dataset.ts';
import type { Context, Draft } from './draft.ts';
import { NPY_HEADER_BYTES, readNpyHeader } from './npy.ts';
import { columnsOf, SafetensorsCheck } from './safetensors.ts';

/** How many bytes are read at a time. */
const CHUNK_BYTES = 2 ** 20;

/** A file that has been pinned. */
interface File {
  readonly source: { readonly url: string; readonly version: string };
  readonly bytes: number;
  /** Its bytes from `first` to `end` (excluded), in pieces that are valid until the next one. */
  read(first: number, end: number): AsyncGenerator<Uint8Array>;
}

/** @throws Refusal of any type that `put` has, with pointers. */
export async function readSafetensorsFile({ url }: SafetensorsReference, context: Context): Promise<Draft> {
  const refuse: Refuse = (type, name, detail, place) =>
    refusal(type, '/url', `${place === undefined ? name : `/${name}/${place}`}: ${detail}`);
  const file = await open(url, '/url', context, 0);
  const check = new SafetensorsCheck(context.limits, refuse);
  const layout = await located('/url', async () => {
    for await (const bytes of file.read(0, file.bytes)) check.add(bytes);
    return check.end();
  });
  return { columns: columnsOf(layout, file.source), reference: { identity: identityOf([file]), bytes: file.bytes } };
}

/** @throws Refusal of any type that `put` has, with pointers. */
export async function readNpyFiles(document: NpyReferences, context: Context): Promise<Draft> {
  const refuse: Refuse = (type, name, detail, place) =>
    refusal(type, `/${name}/url`, place === undefined ? detail : `${detail} at [${place.replace('/', ', ')}]`);
  const files = new Map<ColumnName, File>();
  const columns = new Map<ColumnName, Column>();
  let bytes = 0;
  for (const name of COLUMN_NAMES) {
    const reference = document[name];
    if (!reference) continue;
    const pointer = `/${name}/url`;
    const file = await open(reference.url, pointer, context, bytes);
    bytes += file.bytes;
    files.set(name, file);
    const { offset, dtype, shape } = await located(pointer, async () => {
      const head: Uint8Array[] = [];
      for await (const piece of file.read(0, Math.min(NPY_HEADER_BYTES, file.bytes))) head.push(piece);
      return readNpyHeader(Buffer.concat(head), file.bytes);
    });
    columns.set(name, { source: file.source, offset, dtype, shape });
  }
  checkColumns(columns, refuse);
  for (const [name, file] of files) {
    const column = columns.get(name) as Column;
    const check = new NumbersCheck(name, column, refuse);
    for await (const piece of file.read(column.offset, file.bytes)) check.add(piece);
    check.end();
  }
  return {
    columns: Object.fromEntries(columns) as unknown as Columns,
    reference: { identity: identityOf([...files.values()], [...files.keys()]), bytes },
  };
}

/** Pins a file. `others` are the bytes of the files before it. */
async function open(url: string, pointer: string, { owner, places, limits }: Context, others: number): Promise<File> {
  const { version, bytes } = await located(pointer, () => places.pin(owner, url));
  if (others + bytes > limits.DATASET_LIMIT)
    throw refusal(
      'body-too-large',
      pointer,
      `expected at most ${limits.DATASET_LIMIT} bytes (DATASET_LIMIT), got ${others + bytes}`,
    );
  const source = { url, version };
  async function* read(first: number, end: number) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - first));
    for (let at = first; at < end; at += chunk.length) {
      const piece = chunk.subarray(0, end - at);
      await located(pointer, () => places.readInto(source, at, piece));
      yield piece;
    }
  }
  return { source, bytes, read };
}

/** What the ETag is the hash of. */
function identityOf(files: readonly File[], names: readonly string[] = []): string {
  return JSON.stringify([names, files.map(({ source: { url, version } }) => [url, version])]);
}

/** Calls `work`, and gives its refusals a pointer. What is wrong with a file makes the request invalid, not the body malformed. */
async function located<Result>(pointer: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.refused.errors) throw error;
    const { type, refused } = error;
    if (type === 'malformed-body') throw refusal('invalid-request', pointer, `not a safetensors file: ${refused.detail}`);
    throw refusal(type, pointer, refused.detail);
  }
}

function refusal(type: ProblemType, pointer: string, detail: string): Refusal {
  return new Refusal(type, { detail: '1 problem in the request', errors: [{ pointer, detail }] });
}
