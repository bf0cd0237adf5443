// What the store keeps of a job: its record, its request, the results of nodes that are still needed, and that of the root.
import type { JobState } from '../../schemas/job.ts';
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import type { Divisor } from '../backprop/reduction.ts';
import { Refusal } from '../refusal.ts';
import { objectsOf } from '../store/descriptions.ts';
import { ownerPart } from '../store/keys.ts';
import { readAll } from '../store/read-all.ts';
import type { Store } from '../store/store.ts';
import type { MediaType } from '../wire/codecs.ts';
import type { JobPlan } from './runner.ts';

export interface JobRecord {
  /** 128 random bits, in hexadecimal. */
  readonly id: string;
  readonly owner: string;
  /** That of the runner of which its results are. */
  readonly fingerprint: string;
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

/** Why a job failed: a refusal as it is, and any other error by a reference to the log. */
export function problemOf(error: unknown, id: string): NonNullable<JobRecord['problem']> {
  if (error instanceof Refusal) return { type: error.type, refused: error.refused };
  return { type: 'internal', refused: { detail: `the log has the cause, under the id of the job, ${id}` } };
}

export function hasEnded({ state }: JobRecord): boolean {
  return state === 'succeeded' || state === 'failed';
}

/** Written once by processes that share a job; one that has the job alone writes the record again and again. */
export interface Begun {
  readonly started: number;
  readonly divisor: Divisor;
}

export type Ended = Pick<JobRecord, 'state' | 'completed' | 'ended' | 'problem'>;

/** What clients and the queue name becomes part of keys. */
const ID = /^[0-9a-f]{32}$/;

const RECORD = 'job.json';
const BEGUN = 'begun.json';
const ENDED = 'ended.json';

/** The records of jobs in a store, under keys that hold no text of a client. */
export class Records {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Undefined if there is none, also if the id is none. */
  async read(owner: string, id: string): Promise<JobRecord | undefined> {
    if (!ID.test(id)) return undefined;
    return this.#merged([RECORD, BEGUN, ENDED].map((name) => `${folderOf(owner, id)}${name}`));
  }

  /** All records, or those of an owner. */
  async all(owner?: string): Promise<JobRecord[]> {
    const folders = await this.#folders(owner);
    return [...(await readAll([...folders.keys()], (folder) => this.#merged(folders.get(folder) as string[]))).values()];
  }

  /** The records of jobs that have not ended. */
  async unended(): Promise<JobRecord[]> {
    const folders = await this.#folders();
    for (const [folder, keys] of folders) if (keys.includes(`${folder}${ENDED}`)) folders.delete(folder);
    const all = await readAll([...folders.keys()], (folder) => this.#merged(folders.get(folder) as string[]));
    return [...all.values()].filter((record) => !hasEnded(record));
  }

  /** The objects of the store that jobs read which have not ended. */
  async pins(): Promise<Set<string>> {
    return new Set((await this.unended()).flatMap(({ plan: { content } }) => (content ? [...objectsOf(content)] : [])));
  }

  /** By the folders of jobs: the keys of their records, that of the job first. */
  async #folders(owner?: string): Promise<Map<string, string[]>> {
    const folders = new Map<string, string[]>();
    for await (const { key } of this.#store.list(owner === undefined ? ROOT : ownerFolder(owner))) {
      const [folder, name] = [key.slice(0, key.lastIndexOf('/') + 1), key.slice(key.lastIndexOf('/') + 1)];
      if (name === RECORD) folders.set(folder, [key, ...(folders.get(folder) ?? [])]);
      else if (name === BEGUN || name === ENDED) folders.set(folder, [...(folders.get(folder) ?? []), key]);
    }
    for (const [folder, [first]] of folders) if (!first.endsWith(`/${RECORD}`)) folders.delete(folder);
    return folders;
  }

  /** A record with what is known of its beginning and its end. What belongs to results of another runner does not count. */
  async #merged(keys: readonly string[]): Promise<JobRecord | undefined> {
    const [record, ...further] = await Promise.all(keys.map((key) => this.#parse(key)));
    if (!record || hasEnded(record)) return record;
    let merged = record;
    for (const one of further) if (one?.fingerprint === record.fingerprint) merged = { ...merged, ...one };
    return merged;
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

  /** Writes that a job has begun. */
  begin(record: JobRecord, begun: Begun): Promise<JobRecord> {
    return this.#add(record, BEGUN, { state: 'running', ...begun });
  }

  /** Writes that a job has ended. The first end counts. */
  async end(record: JobRecord, ended: Ended): Promise<JobRecord> {
    const before = await this.#parse(`${folderOf(record.owner, record.id)}${ENDED}`);
    return before?.fingerprint === record.fingerprint ? { ...record, ...before } : this.#add(record, ENDED, ended);
  }

  async #add(record: JobRecord, name: string, changes: Partial<JobRecord>): Promise<JobRecord> {
    const written = { fingerprint: record.fingerprint, ...changes };
    await this.#store.write(`${folderOf(record.owner, record.id)}${name}`, Buffer.from(JSON.stringify(written)));
    return { ...record, ...written };
  }

  /** Starts a job anew, for a runner with another fingerprint. */
  async renew({ divisor: _, started: __, ...record }: JobRecord, fingerprint: string): Promise<JobRecord> {
    const renewed: JobRecord = { ...record, fingerprint, state: 'queued', completed: 0 };
    await this.write(renewed);
    for (const node of await this.nodes(record)) await this.removeNode(record, node);
    return renewed;
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
  async nodes(record: JobRecord): Promise<Node[]> {
    const nodes: Node[] = [];
    for await (const { key } of this.#store.list(nodesFolder(record))) {
      const [height, index] = key.slice(key.lastIndexOf('/') + 1).split('-');
      nodes.push({ height: Number(height), index: Number(index) });
    }
    return nodes;
  }

  hasNode(record: JobRecord, node: Node): Promise<boolean> {
    return this.#store.readInto(nodeFile(record, node), 0, new Uint8Array(0));
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

function nodesFolder({ owner, id, fingerprint }: JobRecord): string {
  return `${folderOf(owner, id)}${NODES}${fingerprint}/`;
}

function nodeFile(record: JobRecord, { height, index }: Node): string {
  return `${nodesFolder(record)}${height}-${index}`;
}
