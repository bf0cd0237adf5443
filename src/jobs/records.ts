// What the store keeps of a job: its record, its request, the results of nodes that are still needed, and that of the root.
import type { JobState } from '../../schemas/job.ts';
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import type { Divisor } from '../backprop/reduction.ts';
import { ownerPart } from '../store/keys.ts';
import { readAll } from '../store/read-all.ts';
import type { Store } from '../store/store.ts';
import type { MediaType } from '../wire/codecs.ts';
import type { JobPlan } from './runner.ts';

export interface JobRecord {
  /** 128 random bits, in hexadecimal. */
  readonly id: string;
  readonly owner: string;
  readonly operation: string;
  readonly mediaType: MediaType;
  readonly plan: JobPlan;
  /** The SHA-256 of the request, and that of the idempotency key. */
  readonly digest: string;
  readonly keyDigest?: string;
  readonly state: JobState;
  /** The number of parts that have been computed. */
  readonly completed: number;
  readonly divisor?: Divisor;
  /** All times are in milliseconds since 1970. */
  readonly created: number;
  readonly started?: number;
  readonly ended?: number;
  readonly problem?: { readonly type: ProblemType; readonly refused: Refused };
}

/** A node of the tree of sums: leaves have the height 0. */
export interface Node {
  readonly height: number;
  readonly index: number;
}

export function hasEnded({ state }: JobRecord): boolean {
  return state === 'succeeded' || state === 'failed';
}

const RECORD = 'job.json';

/** The records of jobs in a store, under keys that hold no text of a client. */
export class Records {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(owner: string, id: string): Promise<JobRecord | undefined> {
    return this.#parse(`${folderOf(owner, id)}${RECORD}`);
  }

  /** All records, or those of an owner. */
  async all(owner?: string): Promise<JobRecord[]> {
    const keys: string[] = [];
    for await (const { key } of this.#store.list(owner === undefined ? ROOT : ownerFolder(owner)))
      if (key.endsWith(`/${RECORD}`)) keys.push(key);
    return [...(await readAll(keys, (key) => this.#parse(key))).values()];
  }

  /** The bytes of all jobs of an owner. */
  async bytesOf(owner: string): Promise<number> {
    let sum = 0;
    for await (const { bytes } of this.#store.list(ownerFolder(owner))) sum += bytes;
    return sum;
  }

  /** Adds a job: its record, written last, commits. */
  async add(record: JobRecord, request: Uint8Array): Promise<void> {
    await this.#store.write(`${folderOf(record.owner, record.id)}request`, request);
    if (record.keyDigest) await this.#store.write(keyFile(record.owner, record.keyDigest), Buffer.from(record.id));
    await this.write(record);
  }

  write(record: JobRecord): Promise<void> {
    return this.#store.write(`${folderOf(record.owner, record.id)}${RECORD}`, Buffer.from(JSON.stringify(record)));
  }

  /** The job that was made with an idempotency key. */
  async withKey(owner: string, keyDigest: string): Promise<JobRecord | undefined> {
    const id = await this.#store.read(keyFile(owner, keyDigest));
    return id && this.read(owner, `${id}`);
  }

  request({ owner, id }: JobRecord): Promise<Buffer | undefined> {
    return this.#store.read(`${folderOf(owner, id)}request`);
  }

  /** The nodes whose results are there. */
  async nodes({ owner, id }: JobRecord): Promise<Node[]> {
    const nodes: Node[] = [];
    for await (const { key } of this.#store.list(`${folderOf(owner, id)}${NODES}`)) {
      const [height, index] = key.slice(key.lastIndexOf('/') + 1).split('-');
      nodes.push({ height: Number(height), index: Number(index) });
    }
    return nodes;
  }

  readNode(record: JobRecord, node: Node): Promise<Buffer | undefined> {
    return this.#store.read(nodeFile(record, node));
  }

  writeNode(record: JobRecord, node: Node, result: Uint8Array): Promise<void> {
    return this.#store.write(nodeFile(record, node), result);
  }

  removeNode(record: JobRecord, node: Node): Promise<void> {
    return this.#store.remove(nodeFile(record, node));
  }

  /** Removes a job: its record first. */
  async remove({ owner, id, keyDigest }: JobRecord): Promise<void> {
    const folder = folderOf(owner, id);
    await this.#store.remove(`${folder}${RECORD}`);
    // The key may have been used again, after this job had expired.
    if (keyDigest && `${await this.#store.read(keyFile(owner, keyDigest))}` === id)
      await this.#store.remove(keyFile(owner, keyDigest));
    for await (const { key } of this.#store.list(folder)) await this.#store.remove(key);
  }

  /** Removes what is left of jobs without a record: of those that were being made, or removed, when the process ended. */
  async sweep(before: number): Promise<void> {
    const alive = new Set((await this.all()).map(({ owner, id }) => folderOf(owner, id)));
    for await (const { key, modified } of this.#store.list(ROOT)) {
      if (modified >= before) continue;
      const [root, owner, folder] = key.split('/');
      const id = `${folder}/` === KEYS ? `${await this.#store.read(key)}` : folder;
      if (!alive.has(`${root}/${owner}/${id}/`)) await this.#store.remove(key);
    }
  }

  async #parse(key: string): Promise<JobRecord | undefined> {
    const bytes = await this.#store.read(key);
    return bytes && JSON.parse(`${bytes}`);
  }
}

const ROOT = 'jobs/';
const NODES = 'nodes/';
const KEYS = 'keys/';

function ownerFolder(owner: string): string {
  return `${ROOT}${ownerPart(owner)}/`;
}

function folderOf(owner: string, id: string): string {
  return `${ownerFolder(owner)}${id}/`;
}

function keyFile(owner: string, keyDigest: string): string {
  return `${ownerFolder(owner)}${KEYS}${keyDigest}`;
}

function nodeFile({ owner, id }: JobRecord, { height, index }: Node): string {
  return `${folderOf(owner, id)}${NODES}${height}-${index}`;
}
