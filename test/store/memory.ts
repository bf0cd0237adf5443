// A store in memory.
import type { Listed, Store } from '../../src/store/store.ts';

export class MemoryStore implements Store {
  readonly objects = new Map<string, { bytes: Buffer; modified: number }>();
  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const parts: Uint8Array[] = [];
    if (bytes instanceof Uint8Array) parts.push(bytes);
    else for await (const part of bytes) parts.push(part);
    this.objects.set(key, { bytes: Buffer.concat(parts), modified: Date.now() });
  }
  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const found = this.objects.get(key);
    if (found) into.set(found.bytes.subarray(first, first + into.length));
    return found !== undefined;
  }
  async read(key: string): Promise<Buffer | undefined> {
    return this.objects.get(key)?.bytes;
  }
  async remove(key: string): Promise<void> {
    this.objects.delete(key);
  }
  async *list(prefix: string): AsyncGenerator<Listed> {
    for (const [key, { bytes, modified }] of [...this.objects])
      if (key.startsWith(prefix)) yield { key, bytes: bytes.length, modified };
  }
  async sweep(): Promise<void> {}
  async close(): Promise<void> {}
}
