// How many parts of a job are completed: a bit each, in Redis, since listing the store for every look would take long.
import type { Redis } from 'ioredis';

/** Longer than any job: what a worker that was frozen writes of a job that is gone. */
const EXPIRY_SECONDS = 30 * 86_400;

export class Progress {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async add(id: string, part: number): Promise<void> {
    await this.#redis.multi().setbit(keyOf(id), part, 1).expire(keyOf(id), EXPIRY_SECONDS).exec();
  }

  /** Sets which of the parts are completed. */
  async set(id: string, isCompleted: readonly boolean[]): Promise<void> {
    const bits = Buffer.alloc(Math.ceil(isCompleted.length / 8));
    for (const [i, completed] of isCompleted.entries()) if (completed) bits[i >> 3] |= 0x80 >> (i & 7);
    await this.#redis.set(keyOf(id), bits, 'EX', EXPIRY_SECONDS);
  }

  /** The number of completed parts of each job. */
  async counts(ids: readonly string[]): Promise<number[]> {
    return Promise.all(ids.map((id) => this.#redis.bitcount(keyOf(id))));
  }

  async remove(id: string): Promise<void> {
    await this.#redis.del(keyOf(id));
  }
}

function keyOf(id: string): string {
  return `${PREFIX}:completed:${id}`;
}

/** All keys of this service in Redis begin so. */
export const PREFIX = 'gradients';
