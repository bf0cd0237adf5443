// Changes of a safetensors file.
import { type Entry, file, type Header, parts } from '../support/safetensors-file.ts';
import { documentChangeNames, documentChanges, oddKey, oddValue } from './json-changes.ts';
import type { Random } from './random.ts';

interface Parts {
  header: Header;
  data: Buffer;
}

const oddSize = (random: Random) =>
  random.pick<unknown>([0, 1, 2, 7, 8, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e300, null, '8', [], {}]);

/** A random tensor of a file. */
function anyTensor(header: Header, random: Random): [name: string, entry: Entry] {
  const name = random.pick(Object.keys(header).filter((key) => key !== '__metadata__'));
  return [name, header[name] as Entry];
}

const changed = (value: unknown[], random: Random): unknown[] => {
  const copy = [...value];
  random.pick([
    () => copy.push(oddSize(random)),
    () => copy.pop(),
    () => copy.reverse(),
    () => {
      copy[random.below(copy.length || 1)] = oddSize(random);
    },
  ])();
  return copy;
};

/** Each changes the parts of a file in place, or returns the bytes of a file that cannot be made from parts. */
const changes: Record<string, (parts: Parts, random: Random, document: object) => Buffer | undefined> = {
  dtype: ({ header }, random) => {
    const [, entry] = anyTensor(header, random);
    entry.dtype = random.pick(['F64', 'F32', 'I64', 'F16', 'BF16', 'I32', 'U8', 'BOOL', 'f64', '', '__proto__', 'toString']);
    return undefined;
  },
  shape: ({ header }, random) => {
    const [, entry] = anyTensor(header, random);
    entry.shape = random.percent(90) ? (changed(entry.shape, random) as number[]) : (oddSize(random) as number[]);
    return undefined;
  },
  'shape of another order': ({ header }, random) => {
    const [, entry] = anyTensor(header, random);
    const size = entry.shape.reduce((product, n) => product * n, 1);
    entry.shape = random.pick([[size], [1, size], [size, 1], [1, 1, size], [...entry.shape].reverse(), [size, 0], []]);
    return undefined;
  },
  offsets: ({ header }, random) => {
    const [, entry] = anyTensor(header, random);
    entry.data_offsets = random.percent(90) ? (changed(entry.data_offsets, random) as number[]) : (oddSize(random) as number[]);
    return undefined;
  },
  'name changed': ({ header }, random) => {
    const [name, entry] = anyTensor(header, random);
    delete header[name];
    const keys = name.split('.');
    keys[random.below(keys.length)] = random.percent(50)
      ? oddKey(random)
      : random.pick(['0', '1', '00', '01', '4294967296', '-1']);
    header[random.percent(80) ? keys.join('.') : oddKey(random)] = entry;
    return undefined;
  },
  'tensor deleted': ({ header }, random) => {
    delete header[anyTensor(header, random)[0]];
    return undefined;
  },
  'tensor twice': ({ header, data }, random) => {
    const [name, entry] = anyTensor(header, random);
    return file(JSON.stringify(header).replace('{', `{${JSON.stringify(name)}:${JSON.stringify(entry)},`), data);
  },
  'prototype key': ({ header, data }, random) =>
    file(JSON.stringify(header).replace('{', `{${JSON.stringify(oddKey(random))}:${oddValue(random)},`), data),
  metadata: ({ header }, random) => {
    header.__metadata__ = random.pick<unknown>([
      {},
      { request: '' },
      { request: 1 },
      [],
      'x',
      null,
      { request: '[]' },
      { a: '1' },
    ]) as Entry;
    return undefined;
  },
  'document changed': ({ header }, random, document) => {
    const { header: own } = parts(document);
    const rest = JSON.parse((own.__metadata__ as Record<string, string>).request);
    header.__metadata__ = { request: documentChanges[random.pick(documentChangeNames)](rest, random) };
    return undefined;
  },
  'numbers changed': ({ data }, random) => {
    const odd = [NaN, Infinity, -Infinity, -0, 5e-324, 1e308, 3e38, -1e9, 2 ** 53 + 2, 0.5];
    data.writeDoubleLE(random.pick(odd), 8 * random.below(Math.max(1, data.length >> 3)));
    return undefined;
  },
  'integers changed': ({ data }, random) => {
    const odd = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, -100n, 1000n, 0x7fc000007fc00000n];
    data.writeBigInt64LE(random.pick(odd), 8 * random.below(Math.max(1, data.length >> 3)));
    return undefined;
  },
  'header length': ({ header, data }, random) => {
    const bytes = file(header, data);
    const length = bytes.readBigUInt64LE();
    const odd = [
      0n,
      1n,
      length - 1n,
      length + 1n,
      length + 8n,
      BigInt(bytes.length),
      100_000_001n,
      2n ** 32n,
      2n ** 63n,
      2n ** 64n - 1n,
    ];
    bytes.writeBigUInt64LE(BigInt.asUintN(64, random.pick(odd)));
    return bytes;
  },
  'header padded': ({ header, data }, random) =>
    file(
      `${JSON.stringify(header)}${random.pick([' ', '\n', '\0', '}']).repeat(1 + random.below(random.percent(20) ? 100_000 : 20))}`,
      data,
    ),
  'data too long or too short': ({ header, data }, random) =>
    file(header, random.percent(50) ? data.subarray(0, random.below(data.length)) : Buffer.concat([data, random.bytes(8)])),
  unaligned: ({ header, data }) => file(`${JSON.stringify(header).trimEnd()}`, data, false),
};

export const fileChangeNames = Object.keys(changes);

/** The file of a document, with one change. */
export function changedFile(document: object, dtype: 'F64' | 'F32', change: string, random: Random): Buffer {
  const made = parts(document, dtype);
  return changes[change](made, random, document) ?? file(made.header, made.data);
}
