// The requests of the jobs that a worker has in hand: those used last stay in memory, since every part needs the whole of it.
import type { JobRecord, Records } from '../records.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export class Requests {
  readonly #records: Records;
  readonly #mostBytes: number;
  /** By the ids of jobs; the one used last is the last one. */
  readonly #kept = new Map<string, Promise<Bytes | undefined>>();
  readonly #bytes = new Map<string, number>();

  constructor(records: Records, mostBytes: number) {
    this.#records = records;
    this.#mostBytes = mostBytes;
  }

  /** The request of a job; undefined if the job is gone. */
  async of(record: JobRecord): Promise<Bytes | undefined> {
    const { id } = record;
    const reading = this.#kept.get(id) ?? (this.#records.request(record) as Promise<Bytes | undefined>);
    this.#kept.delete(id);
    this.#kept.set(id, reading);
    const bytes = await reading.catch((error) => {
      this.#drop(id);
      throw error;
    });
    if (!bytes) this.#drop(id);
    else if (this.#kept.has(id)) {
      this.#bytes.delete(id);
      this.#bytes.set(id, bytes.length);
    }
    this.#makeRoom();
    return bytes;
  }

  #makeRoom(): void {
    let sum = 0;
    for (const bytes of this.#bytes.values()) sum += bytes;
    // Those that are being read are counted later.
    for (const [id, bytes] of this.#bytes) {
      if (sum <= this.#mostBytes) return;
      sum -= bytes;
      this.#drop(id);
    }
  }

  #drop(id: string): void {
    this.#kept.delete(id);
    this.#bytes.delete(id);
  }
}
