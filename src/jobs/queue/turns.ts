// Turns between owners: priorities by which the workers take the parts of all owners alternately (start-time fair queueing, Goyal et al. 1996).
// A part's priority is its start tag: parts of one owner follow each other, from the tag that the workers have come to.
import type { Redis } from 'ioredis';
import { PREFIX } from './progress.ts';

/** BullMQ's lowest priority. From there on, parts are taken in the order in which they came, until the queue is empty. */
const MOST = 2 ** 21 - 1;

/** Takes tags for `ARGV[2]` parts of the owner `ARGV[1]`, and returns the one before the first. An empty queue begins anew. */
const TAKE = `
if redis.call('ZCARD', KEYS[2]) == 0 then redis.call('DEL', KEYS[1]) end
local now = tonumber(redis.call('HGET', KEYS[1], 'now') or 0)
local last = tonumber(redis.call('HGET', KEYS[1], 'owner:' .. ARGV[1]) or 0)
local first = math.max(now, last)
redis.call('HSET', KEYS[1], 'owner:' .. ARGV[1], first + ARGV[2])
return first`;

/** The workers have come to the tag `ARGV[1]`. */
const COME = `
local now = tonumber(redis.call('HGET', KEYS[1], 'now') or 0)
if tonumber(ARGV[1]) > now then redis.call('HSET', KEYS[1], 'now', ARGV[1]) end`;

export class OwnersTurns {
  readonly #redis: Redis;
  readonly #key: string;
  /** Of the parts that wait. */
  readonly #waiting: string;

  constructor(redis: Redis, queue: string) {
    this.#redis = redis;
    this.#key = `${PREFIX}:turns:${queue}`;
    this.#waiting = `${PREFIX}:${queue}:prioritized`;
  }

  /** The priorities of so many parts of an owner. */
  async take(owner: string, count: number): Promise<(i: number) => number> {
    const first = Number(await this.#redis.eval(TAKE, 2, this.#key, this.#waiting, owner, count));
    return (i) => Math.min(MOST, first + i + 1);
  }

  /** A part of this priority is begun. */
  async begun(priority: number): Promise<void> {
    await this.#redis.eval(COME, 1, this.#key, priority);
  }
}
