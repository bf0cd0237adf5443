// Connections to Redis or Valkey.
import { Redis, type RedisOptions } from 'ioredis';
import { unavailable } from '../../refusal.ts';

/** How long the service waits for Redis before it says that it is away. */
const QUICK_MS = 2_000;

/** A connection that is asked every so often, and does not answer for so long, is made anew: blocking commands take 10 s. */
const ASKED_MS = 10_000;
const SILENT_MS = 15_000;

const LONGEST_PAUSE_MS = 2_000;

const common: RedisOptions = {
  connectTimeout: QUICK_MS,
  retryStrategy: (attempt) => Math.min(100 * attempt, LONGEST_PAUSE_MS),
};

function connectQuickly(url: string): Redis {
  return new Redis(url, { ...common, commandTimeout: QUICK_MS, maxRetriesPerRequest: 0, enableOfflineQueue: false });
}

/** A connection whose commands wait while Redis is away. */
export function connectPatiently(url: string, askedMs = ASKED_MS, silentMs = SILENT_MS): Redis {
  const redis = new Redis(url, { ...common, maxRetriesPerRequest: null });
  // The option socketTimeout of ioredis 5 would end the connection that follows a lost one, too.
  const timer = setInterval(() => {
    if (redis.status !== 'ready') return;
    const late = setTimeout(() => redis.disconnect(true), silentMs).unref();
    redis.ping().then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    );
  }, askedMs).unref();
  redis.once('end', () => clearInterval(timer));
  return redis;
}

/**
 * A connection whose commands fail while Redis is away. If it is now, that is logged, with what this means.
 * @throws Error with a one-line message, if Redis is there and would drop jobs.
 */
export async function openRedis(
  url: string,
  log: { warn(facts: object, message: string): void },
  meaning: string,
): Promise<Redis> {
  const redis = connectQuickly(url);
  redis.on('error', () => {});
  const { promise: isThere, resolve } = Promise.withResolvers<boolean>();
  redis.once('ready', () => resolve(true)).once('error', () => resolve(false));
  try {
    if (await isThere) await checkPolicy(redis);
    else log.warn({ dependency: 'queue' }, `REDIS_URL: Redis is away: ${meaning}`);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

const POLICY = 'noeviction';

/** @throws Error with a one-line message, if Redis would drop jobs when its memory is full. */
export async function checkPolicy(redis: Redis): Promise<void> {
  // CONFIG is often forbidden in hosted ones.
  const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
  if (policy !== undefined && policy !== POLICY)
    throw new Error(
      `REDIS_URL: expected a Redis with maxmemory-policy ${POLICY}, got ${policy}, which may drop jobs: set maxmemory-policy ${POLICY}`,
    );
}

/** Turns the error of a command into a Refusal `unavailable`. */
export function away(error: unknown): never {
  throw unavailable('the queue of the jobs does not answer: the log has the cause', error);
}
