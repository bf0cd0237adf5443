// Jobs for some minutes, while workers, the service, Redis and S3 are killed at random: every result has the bits of the inline answer.
import { setTimeout as wait } from 'node:timers/promises';
import { freePorts, type Service } from '../../support/process.ts';
import { uniform } from '../../support/workloads.ts';
import { noFaults, type Tested } from '../report.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { ended, inline, put, remove, requestOf, resultOf, submit } from './jobs.ts';

const WORKERS = 3;
const CLIENTS = 3;

/** The sizes of the datasets, and the hidden layers of the networks. */
const SAMPLES = [3_000, 20_000, 60_000];
const HIDDEN = [[64], [256, 32]];

const SETTINGS = { JOB_PART_FLOPS: `${2 ** 29}`, JOB_TTL: '600', MAX_JOBS: '1000' };

/** Between two disturbances, and how long what was killed is away, in milliseconds. */
const PAUSE_MS = [2_000, 8_000];
const AWAY_MS = [200, 6_000];
const FROZEN_MS = 15_000;

/** Disturbs a cluster at random. */
class Disturber {
  readonly #cluster: Cluster;
  readonly #random: () => number;
  readonly #workers: Service[];
  readonly #startService: () => Promise<Service>;
  service: Service;
  readonly counts: Record<string, number> = {};

  constructor(cluster: Cluster, service: Service, workers: Service[], startService: () => Promise<Service>, seed: number) {
    this.#cluster = cluster;
    this.service = service;
    this.#workers = workers;
    this.#startService = startService;
    const random = uniform(seed);
    this.#random = () => (random() + 1) / 2;
  }

  between([least, most]: readonly number[]): number {
    return least + this.#random() * (most - least);
  }

  async disturb(): Promise<void> {
    const { redis } = this.#cluster;
    const away = () => wait(this.between(AWAY_MS));
    const kinds: Record<string, () => Promise<void>> = {
      'worker killed': () => this.#replaceWorker('SIGKILL'),
      'worker ended': () => this.#replaceWorker('SIGTERM'),
      'worker frozen': async () => {
        const { process } = this.#anyWorker();
        process.kill('SIGSTOP');
        await wait(FROZEN_MS);
        process.kill('SIGCONT');
      },
      'Redis killed': async () => {
        await redis.kill();
        await away();
        await redis.restart(true);
      },
      'Redis killed, its data lost': async () => {
        await redis.kill();
        await away();
        await redis.restart(false);
      },
      'S3 killed': async () => {
        await this.#cluster.killS3();
        await away();
        await this.#cluster.restartS3();
      },
      'service killed': async () => {
        this.service.process.kill('SIGKILL');
        await this.service.exit;
        this.service = await this.#startService();
      },
    };
    const names = Object.keys(kinds);
    const name = names[Math.floor(this.#random() * names.length)];
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    await kinds[name]();
  }

  #anyWorker(): Service {
    return this.#workers[Math.floor(this.#random() * this.#workers.length)];
  }

  async #replaceWorker(signal: NodeJS.Signals): Promise<void> {
    const worker = this.#anyWorker();
    worker.process.kill(signal);
    await worker.exit;
    this.#workers[this.#workers.indexOf(worker)] = await this.#cluster.worker();
  }
}

export async function testSoak(minutes: number, seed: number): Promise<Tested> {
  const cluster = await startCluster(true, SETTINGS);
  try {
    const [port] = await freePorts(1);
    const startService = () => cluster.service({ PORT: `${port}` });
    const service = await startService();
    const requests: { body: Buffer; expected: string }[] = [];
    for (const [i, samples] of SAMPLES.entries()) {
      await put(service, `data-${i}`, samples, i + 1);
      for (const hidden of HIDDEN) {
        const body = requestOf(`data-${i}`, hidden);
        requests.push({ body, expected: await inline(service, body) });
      }
    }
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => cluster.worker()));
    const disturber = new Disturber(cluster, service, workers, startService, seed);
    const current = () => disturber.service;
    const until = performance.now() + minutes * 60_000;
    const faults: string[] = [];
    let jobs = 0;
    const client = async (number: number) => {
      for (let i = 0; performance.now() < until; i++) {
        const { body, expected } = requests[(number + i) % requests.length];
        const id = await submit(current, body, `${number}-${i}`);
        const job = await ended(current, id);
        if (job.state !== 'succeeded') faults.push(`${id} ${job.state}: ${job.problem?.detail}`);
        else if ((await resultOf(current, id)) !== expected) faults.push(`${id}: other bits`);
        await remove(current, id);
        await cluster.redis.without(id);
        jobs++;
      }
    };
    const disturbing = (async () => {
      while (performance.now() < until) {
        await disturber.disturb();
        await wait(disturber.between(PAUSE_MS));
      }
    })();
    await Promise.all([disturbing, ...Array.from({ length: CLIENTS }, (_, i) => client(i))]);
    return {
      measured: [['jobs', jobs], ...Object.entries(disturber.counts).map(([what, count]) => [what, count] as const)],
      demands: [noFaults('every job has the bits of the inline answer', faults)],
    };
  } finally {
    await cluster.stop();
  }
}
