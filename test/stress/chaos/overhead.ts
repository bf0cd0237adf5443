// What the queue costs: 32 parts of about 2 s by two workers of one thread each, and parts whose results are empty, 8 MB and 80 MB.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectPatiently } from '../../../src/jobs/queue/connection.ts';
import { JobQueue } from '../../../src/jobs/queue/job-queue.ts';
import { Requests } from '../../../src/jobs/queue/requests.ts';
import { Steps } from '../../../src/jobs/queue/steps.ts';
import { startLoop } from '../../../src/jobs/queue/worker-loop.ts';
import { hasEnded, type JobRecord, Records } from '../../../src/jobs/records.ts';
import type { Runner } from '../../../src/jobs/runner.ts';
import { openStore } from '../../../src/store/open.ts';
import { startService } from '../../support/process.ts';
import type { Demand, Tested } from '../report.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { ended, metric, put, requestOf, submit } from './jobs.ts';

/** 32 parts of 32,768 samples each. */
const PARTS = 32;
const SAMPLES = PARTS * 32_768;
const HIDDEN = [1024, 512];
const PART_FLOPS = 2 ** 38;

/** The most time that the job may take, in parts of the computation. */
const MOST = 1.15;

const SECONDS = 'gradients_job_part_duration_seconds_sum';

const MB = 2 ** 20;

export async function testOverhead(withS3: boolean): Promise<Tested> {
  const settings = { JOB_PART_FLOPS: `${PART_FLOPS}`, JOB_MAX_FLOPS: '9000000000000000' };
  const cluster = await startCluster(withS3, settings);
  try {
    const measured: [string, string][] = [];
    for (const [bytes, parts] of [
      [8, 1024],
      [8 * MB, 64],
      [80 * MB, 16],
    ] as const)
      measured.push([`a part of ${bytes} bytes`, await costOfPart(cluster, bytes, parts)]);
    for (const line of measured) console.log(line.join(': '));
    const service = await cluster.service();
    await put(service, 'large', SAMPLES, 1);
    const body = requestOf('large', HIDDEN);
    const workers = [await cluster.worker(0), await cluster.worker(1)];
    // The first job warms up.
    await ended(() => service, await submit(() => service, requestOf('large', [8]), 'warm'));
    const before = await Promise.all(workers.map((worker) => metric(worker, SECONDS)));
    const began = performance.now();
    const job = await ended(() => service, await submit(() => service, body, 'measured'));
    const seconds = (performance.now() - began) / 1000;
    const after = await Promise.all(workers.map((worker) => metric(worker, SECONDS)));
    for (const { process } of workers) process.kill('SIGTERM');
    const alone = await inOneProcess(cluster, body);
    measured.push(
      [`${job.parts.total} parts by 2 workers of 1 thread`, `${seconds.toFixed(1)} s`],
      [
        'the parts, with what they waited for their thread',
        `${after.map((sum, i) => (sum - before[i]).toFixed(1)).join(' + ')} s`,
      ],
      ['the same by the service alone, with 2 threads', `${alone.toFixed(1)} s`],
    );
    const ratio = seconds / alone;
    const demand: Demand = { demand: `at most ${MOST} times the computation`, saw: ratio.toFixed(3), met: ratio <= MOST };
    return { measured, demands: [demand] };
  } finally {
    await cluster.stop();
  }
}

/** The seconds of the same job without a queue: the service computes it in two threads, each of which has a part at a time. */
async function inOneProcess({ settings }: Cluster, body: Buffer): Promise<number> {
  const { REDIS_URL: _, ...alone } = settings;
  const service = await startService({ environment: alone, keep: () => false, before: ['taskset', '-c', '0,1'] });
  try {
    await ended(() => service, await submit(() => service, requestOf('large', [8]), 'warm-alone'));
    const began = performance.now();
    await ended(() => service, await submit(() => service, body, 'alone'));
    return (performance.now() - began) / 1000;
  } finally {
    service.process.kill('SIGTERM');
    await service.exit;
  }
}

/** A job without mathematics, by one worker in this process: what a part takes of wall time, of this process's CPU, and of Redis's. */
async function costOfPart({ settings }: Cluster, bytes: number, parts: number): Promise<string> {
  const { REDIS_URL, ...others } = settings;
  // For the client of S3; REDIS_URL would reach the service that is to work without.
  Object.assign(process.env, others);
  const folder = mkdtempSync(join(tmpdir(), 'overhead-'));
  const store = await openStore(settings.STORE.startsWith('s3:') ? `${settings.STORE}/overhead` : folder);
  const records = new Records(store);
  const redis = connectPatiently(REDIS_URL);
  const result = new Uint8Array(bytes);
  const runner: Runner = {
    fingerprint: `overhead-${bytes}`,
    plan: () => Promise.reject(new Error('not here')),
    divisor: async () => ({ factor: 1, exponent: 0 }),
    part: async () => result,
    merge: async () => result,
    answer: async () => '',
  };
  const queue = new JobQueue(redis, runner.fingerprint);
  const nothing = () => {};
  const print = (error: unknown, message: string) => console.log(message, error);
  const log = { error: print, warn: print };
  const requests = new Requests(records, MB);
  const steps = new Steps({ records, requests, runner, queue, log, onPart: nothing, onRetry: nothing, onEnd: async () => {} });
  const plan = { samples: parts, flops: 1, parts, samplesPerPart: 1, nodeBytes: bytes };
  const record: JobRecord = {
    ...{ id: 'f'.repeat(32), owner: 'o', fingerprint: runner.fingerprint, operation: 'gradients', digest: '' },
    ...{ mediaType: 'application/json', plan, state: 'queued', completed: 0, created: 0 },
  };
  await records.add(record, Buffer.from('{}'));
  const redisBefore = await cpuMs(redis);
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const loop = startLoop({ redis, queue, steps, concurrency: 2, log, onStalled: nothing });
  await queue.addBegin(record);
  for (;;) {
    const now = await records.read(record.owner, record.id);
    if (now && hasEnded(now)) break;
    await wait(20);
  }
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - began;
  const redisMs = (await cpuMs(redis)) - redisBefore;
  await loop.close(0);
  await records.remove(record);
  await queue.close();
  redis.disconnect();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  const [wall, own, redisOwn] = [ms, (user + system) / 1000, redisMs].map((total) => (total / parts).toFixed(2));
  return `${wall} ms, ${own} ms of CPU, and ${redisOwn} ms of Redis's, with its share of merges (${parts} parts)`;
}

/** The milliseconds of CPU that a Redis server has used. */
async function cpuMs(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = ['user', 'sys'].map((kind) => Number(new RegExp(`^used_cpu_${kind}:(.*)`, 'm').exec(info)?.[1]));
  return 1000 * (seconds[0] + seconds[1]);
}
