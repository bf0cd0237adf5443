// A dataset of 1,000,000 x 100 by 1, 2 and 4 workers, of which one is killed, one frozen and one cut off: the bits of the inline answer.
import { setTimeout as wait } from 'node:timers/promises';
import type { Job } from '../../../schemas/job.ts';
import type { Service } from '../../support/process.ts';
import type { Demand, Tested } from '../report.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { ended, inline, metric, put, remove, requestOf, resultOf, submit } from './jobs.ts';

/** How long a worker is frozen, and another one cut off: longer than its lock holds. */
const FROZEN_MS = 30_000;

/** Parts of about a tenth of a second. */
const SETTINGS = {
  JOB_PART_FLOPS: `${2 ** 34}`,
  MAX_FLOPS: '100000000000000',
  MAX_MEMORY: `${2 ** 32}`,
  MEMORY_BUDGET: `${2 ** 33}`,
  DEADLINE_MS: '3600000',
};

/** Something that is done to a worker when a part of the job is done; resolves when the worker is back. */
interface Loss {
  readonly what: string;
  readonly at: number;
  readonly do: () => Promise<void>;
}

function killed({ process }: Service): Loss {
  return { what: 'one killed', at: 0.1, do: async () => void process.kill('SIGKILL') };
}

function frozen({ process }: Service): Loss {
  const freeze = async () => {
    process.kill('SIGSTOP');
    await wait(FROZEN_MS);
    process.kill('SIGCONT');
  };
  return { what: 'one frozen', at: 0.2, do: freeze };
}

function cut(cluster: Cluster): Loss {
  const cutOff = async () => {
    cluster.cable('down');
    await wait(FROZEN_MS);
    cluster.cable('up');
  };
  return { what: 'one cut off', at: 0.3, do: cutOff };
}

/** Runs a job while workers are lost. Returns its seconds, and what is wrong. */
async function run(cluster: Cluster, service: Service, body: Buffer, losses: readonly Loss[], expected: string) {
  const began = performance.now();
  const id = await submit(() => service, body, `${began}`);
  const waiting = [...losses];
  const over: Promise<void>[] = [];
  const lose = ({ parts: { completed, total } }: Job) => {
    while (waiting[0] && completed >= waiting[0].at * total) over.push((waiting.shift() as Loss).do());
  };
  const job = await ended(() => service, id, lose);
  const seconds = (performance.now() - began) / 1000;
  const faults = waiting.map(({ what }) => `too early for ${what}`);
  if (job.state !== 'succeeded') faults.push(`${job.state}: ${job.problem?.detail}`);
  else if ((await resultOf(() => service, id)) !== expected) faults.push('other bits than the inline answer');
  await Promise.all(over);
  // Those that come back end their parts: nothing may change.
  await wait(losses.length > 0 ? 5_000 : 0);
  if (job.state === 'succeeded' && (await resultOf(() => service, id)) !== expected)
    faults.push('other bits after all were back');
  await remove(() => service, id);
  await cluster.redis.without(id);
  return { seconds, faults, parts: job.parts.total };
}

export async function testLosses(samples: number, withS3: boolean): Promise<Tested> {
  const cluster = await startCluster(withS3, SETTINGS);
  try {
    const service = await cluster.service();
    await put(service, 'large', samples, 1);
    const body = requestOf('large', [1024, 256]);
    const uploaded = new Set(cluster.files());
    const began = performance.now();
    const expected = await inline(service, body);
    const measured: [string, string][] = [['inline', `${((performance.now() - began) / 1000).toFixed(1)} s, ${expected}`]];
    const demands: Demand[] = [];
    const workers: Service[] = [];
    const step = async (count: number, losses: readonly Loss[]) => {
      const before = await Promise.all(workers.map((worker) => metric(worker, COMPUTED)));
      const { seconds, faults, parts } = await run(cluster, service, body, losses, expected);
      const after = await Promise.all(workers.map((worker) => metric(worker, COMPUTED)));
      const computed = after.map((count, i) => count - (before[i] ?? 0)).map((count) => (Number.isNaN(count) ? 'lost' : count));
      const what = `${count} workers${losses.map(({ what }) => `, ${what}`).join('')}`;
      measured.push([what, `${seconds.toFixed(1)} s for ${parts} parts, of which they computed ${computed.join(' + ')}`]);
      console.log(measured.at(-1)?.join(': '));
      demands.push({
        demand: `${what}: the bits of the inline answer`,
        saw: faults.join('; ') || 'the same',
        met: faults.length === 0,
      });
    };
    workers.push(await cluster.worker());
    await step(1, []);
    workers.push(await cluster.worker());
    await step(2, [frozen(workers[1])]);
    workers.push(await cluster.worker());
    const behindCable = await cluster.cutWorker();
    workers.push(behindCable ?? (await cluster.worker()));
    if (!behindCable) console.log('no worker can be cut off: this needs root, and ip netns');
    await step(4, [killed(workers[0]), frozen(workers[1]), ...(behindCable ? [cut(cluster)] : [])]);
    const left = await leftIn(cluster);
    const files = cluster.files().filter((file) => !uploaded.has(file));
    for (const [where, things] of [
      ['queue', left],
      ['store', files],
    ] as const)
      demands.push({
        demand: `nothing is left of the jobs in the ${where}`,
        saw: things.join(', ') || 'nothing',
        met: things.length === 0,
      });
    return { measured, demands };
  } finally {
    await cluster.stop();
  }
}

const COMPUTED = 'gradients_job_parts_total{outcome="computed"}';

/** The keys that are of no use without jobs. */
async function leftIn({ redis }: Cluster): Promise<string[]> {
  const keys = await redis.client.keys('*');
  return keys.filter((key) => !/:(meta|id|events|marker|stalled-check|stalled|pc)$|^gradients:(workers|turns):/.test(key));
}
