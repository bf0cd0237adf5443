// A cluster on this machine: Redis, an S3 server, the service and workers, each of which can be killed, frozen, or cut off the network.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '../../jobs/queue/redis-server.ts';
import { freePorts, program, type Service, startService, worker } from '../../support/process.ts';

/** The two ends of the cable to a worker that can be cut off: of this process, since several may run. */
const NET = `10.77.${process.pid % 256}`;
const [HERE, THERE] = [`${NET}.1`, `${NET}.2`];
const [NAMESPACE, END, OTHER_END] = ['', '-a', '-b'].map((end) => `chaos${process.pid}${end}`);

const ip = (...args: string[]) => spawnSync('ip', args).status === 0;

export interface Cluster {
  readonly redis: RedisServer;
  /** The settings that the service and the workers share. */
  readonly settings: Record<string, string>;
  service(settings?: Record<string, string>): Promise<Service>;
  /** On one core, if `core` is given: then it has one thread. */
  worker(core?: number): Promise<Service>;
  /** A worker behind a cable; undefined if this machine or user cannot have one. */
  cutWorker(): Promise<Service | undefined>;
  cable(state: 'up' | 'down'): void;
  killS3(): Promise<void>;
  restartS3(): Promise<void>;
  /** The files in which the store keeps its objects. */
  files(): string[];
  stop(): Promise<void>;
}

/** Starts Redis and, for `withS3`, an S3 server; the service and the workers are started by the caller. */
export async function startCluster(withS3: boolean, settings: Record<string, string>): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const hasCable =
    ip('netns', 'add', NAMESPACE) &&
    ip('link', 'add', END, 'type', 'veth', 'peer', 'name', OTHER_END, 'netns', NAMESPACE) &&
    ip('addr', 'add', `${HERE}/24`, 'dev', END) &&
    ip('link', 'set', END, 'up') &&
    ip('-n', NAMESPACE, 'addr', 'add', `${THERE}/24`, 'dev', OTHER_END) &&
    ip('-n', NAMESPACE, 'link', 'set', OTHER_END, 'up') &&
    ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up');
  const redis = await startRedis(hasCable ? ['--bind', `127.0.0.1 ${HERE}`, '--protected-mode', 'no'] : []);
  const [s3Port] = await freePorts(1);
  const host = hasCable ? HERE : '127.0.0.1';
  let s3: ChildProcess | undefined;
  const startS3 = async () => {
    const env = { ...process.env, PORT: `${s3Port}`, FOLDER: folder, HOST: hasCable ? '0.0.0.0' : '127.0.0.1' };
    s3 = spawn(process.execPath, [join(import.meta.dirname, 's3-on-disk.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(s3.stdout as NodeJS.ReadableStream, 'data');
  };
  if (withS3) await startS3();
  const aws = {
    AWS_ENDPOINT_URL_S3: `http://${host}:${s3Port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'k',
    AWS_SECRET_ACCESS_KEY: 's',
  };
  const store = withS3 ? { STORE: 's3://bucket/chaos', ...aws } : { STORE: folder };
  const shared = { REDIS_URL: `redis://${host}:${redis.port}`, DRAIN_MS: '0', LOG_LEVEL: 'info', ...store, ...settings };
  const started = new Set<Service>();
  const start = async (options: Parameters<typeof startService>[0]) => {
    const service = await startService({ keep: () => false, ...options });
    started.add(service);
    return service;
  };
  return {
    redis,
    settings: shared,
    service: (more) => start({ file: program, environment: { ...shared, ...more } }),
    worker: (core) =>
      start({ file: worker, environment: shared, ...(core !== undefined && { before: ['taskset', '-c', `${core}`] }) }),
    async cutWorker() {
      const before = ['ip', 'netns', 'exec', NAMESPACE];
      return hasCable ? start({ file: worker, environment: { ...shared, HOST: THERE }, before }) : undefined;
    },
    cable: (state) => void ip('link', 'set', END, state),
    async killS3() {
      s3?.kill('SIGKILL');
      await once(s3 as ChildProcess, 'exit');
    },
    restartS3: startS3,
    files: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
      ),
    async stop() {
      for (const { process } of started) process.kill('SIGKILL');
      s3?.kill('SIGKILL');
      await redis.stop();
      ip('netns', 'del', NAMESPACE);
      ip('link', 'del', END);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
