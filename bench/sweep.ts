// Measures every workload on the service and its peers. Contenders alternate in rounds, so that disturbances affect all of them.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Job, Phase } from '../test/support/load.ts';
import { discard, type Loader, prepare, type Request, startLoader } from '../test/support/loader.ts';
import { type Server, startServer } from '../test/support/servers.ts';
import { median, quantile, short } from '../test/support/statistics.ts';
import { type Format, type WorkloadName, workloads } from '../test/support/workloads.ts';
import { checkAgreement, getAnswer } from './answers.ts';
import { type Circumstances, type Contender, type ContenderName, contenders, contendersOf, type Setup } from './contenders.ts';

/** A workload in one of its formats. */
export interface Case {
  readonly workload: WorkloadName;
  readonly format: Format;
}

/** Numbers of concurrent clients. */
export const concurrencies = [1, 8] as const;
export type Concurrency = (typeof concurrencies)[number];

/** The result of one measurement. */
export interface Sample {
  readonly perSecond: number;
  /** Latencies, in milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** CPU time per request in microseconds: of the main thread (NaN if workers answer), and of all threads and child processes. */
  readonly mainThreadCpu: number;
  readonly cpu: number;
}

/** All measurements of a contender in one setup, one per round. */
export interface Cell extends Case {
  readonly contender: ContenderName;
  readonly clients: Concurrency;
  readonly setup: Setup;
  readonly samples: Sample[];
}

/** The duration of the measurements. */
export interface Pace {
  readonly rounds: (workload: WorkloadName) => number;
  /** Seconds of warm-up per server and workload. */
  readonly warmUp: number;
  /** The duration of one measurement, as a fraction of the workload's `seconds`. */
  readonly part: number;
}

/** The time of the matrix products of a case alone, in milliseconds: the median of each round. */
export interface Limit extends Case {
  readonly rounds: number[];
}

export interface Sweep {
  readonly cells: readonly Cell[];
  readonly limits: readonly Limit[];
}

/** A setup that is slower than the other one by this factor during warm-up is not measured. */
export const CLEAR = 1.5;

const NO_PHASE: Phase = { seconds: 0, atLeast: 0 };

/** The number of clients during warm-up. */
const MOST_CLIENTS = Math.max(...concurrencies);

/** Measures all cases on all contenders, and keeps the better setup of each contender. */
export async function sweep(cases: readonly Case[], pace: Pace, baseline?: string): Promise<Sweep> {
  const cells: Cell[] = [];
  const limits: Limit[] = [];
  for (const item of cases) {
    const limit: Limit = { ...item, rounds: [] };
    limits.push(limit);
    cells.push(...(await measureCase(item, pace, limit, baseline)));
  }
  return { cells: cells.filter((cell) => best(cell, cells) === cell), limits };
}

/** A warmed-up server, with the request to send. */
interface Subject extends Case {
  readonly contender: ContenderName;
  readonly setup: Setup;
  readonly server: Server;
  readonly request: Request;
  /** Requests per second during warm-up. */
  readonly roughly: number;
}

/** Starts and warms up all contenders, then measures them alternately, in rounds. */
async function measureCase(item: Case, pace: Pace, limit: Limit, baseline: string | undefined): Promise<Cell[]> {
  const name = `${item.workload}, ${item.format}`;
  const loader = startLoader();
  const started: Subject[] = [];
  try {
    console.log(`${name}: warm-up`);
    await startAll(item, { pace, baseline, loader }, started);
    const subjects = started.filter((subject) => isWorthwhile(subject, started));
    const cells = concurrencies.flatMap((clients) =>
      subjects.map((subject) => {
        const { contender, setup } = subject;
        return { subject, cell: { ...item, contender, setup, clients, samples: [] } satisfies Cell as Cell };
      }),
    );
    for (let round = 1; round <= pace.rounds(item.workload); round++) {
      console.log(`${name}: round ${round} of ${pace.rounds(item.workload)}`);
      for (const { subject, cell } of cells) cell.samples.push(await measure(subject, cell.clients, pace, loader));
      limit.rounds.push(measureLimit(item.workload, pace.part));
    }
    return cells.map(({ cell }) => cell);
  } finally {
    loader.stop();
    for (const { server, request } of started) {
      await server.stop();
      discard(request);
    }
  }
}

/** Starts and warms up each contender in each of its setups. All answers must agree with that of the service. */
async function startAll(
  item: Case,
  { pace, baseline, loader }: { pace: Pace; baseline: string | undefined; loader: Loader },
  started: Subject[],
): Promise<void> {
  let expected: Awaited<ReturnType<typeof getAnswer>> | undefined;
  for (const name of contendersOf(item.workload, item.format)) {
    const contender: Contender = contenders[name];
    for (const setup of contender.setups) {
      const circumstances: Circumstances = { setup, answerBytes: expected?.bytes ?? 0, baseline };
      const program = contender.program(circumstances);
      if (!program) continue;
      const server = await startServer({ ...program, label: contender.label });
      const request = prepare(workloads[item.workload], item.format, contender.path);
      const subject = { ...item, contender: name, setup, server, request, roughly: 0 };
      started.push(subject);
      if (!contender.isEmpty) {
        const answer = await getAnswer(`http://127.0.0.1:${server.port}${contender.path}`, item.format, request.body);
        if (expected) checkAgreement(contender.label, answer, expected);
        expected ??= answer;
      }
      const phase = { seconds: pace.warmUp, atLeast: MOST_CLIENTS };
      const { perSecond } = await loader.load(jobOf(subject, MOST_CLIENTS, phase));
      started.splice(-1, 1, { ...subject, roughly: perSecond });
    }
  }
}

/** Whether no other setup of the same contender was much faster during warm-up. */
function isWorthwhile(subject: Subject, all: readonly Subject[]): boolean {
  const setups = all.filter(({ contender }) => contender === subject.contender);
  return setups.every(({ roughly }) => roughly <= CLEAR * subject.roughly);
}

function jobOf({ server, request }: Pick<Subject, 'server' | 'request'>, clients: number, measured: Phase): Job {
  return { port: server.port, pid: server.pid, request: request.file, clients, warmUp: NO_PHASE, measure: measured };
}

/** One measurement of a server. */
async function measure(subject: Subject, clients: Concurrency, { part }: Pace, loader: Loader): Promise<Sample> {
  const phase = { seconds: workloads[subject.workload].seconds * part, atLeast: Math.max(clients, 3) };
  const { perSecond, latencies, cpu } = await loader.load(jobOf(subject, clients, phase));
  const each = (nanoseconds = Number.NaN) => nanoseconds / 1000 / latencies.length;
  const sample = {
    perSecond,
    median: median(latencies),
    p99: quantile(latencies, 0.99),
    mainThreadCpu: subject.setup === 'workers' ? Number.NaN : each(cpu?.mainThread),
    cpu: each(cpu?.process),
  };
  console.log(
    `  ${contenders[subject.contender].label} (${subject.setup}), clients: ${clients}; ${short(perSecond)} requests/s, ` +
      `median ${short(sample.median)} ms, CPU ${short(sample.mainThreadCpu)} µs of the main thread, ${short(sample.cpu)} µs in all`,
  );
  return sample;
}

/** The cell with the highest throughput among those that differ from this one only in the setup. */
function best(cell: Cell, cells: readonly Cell[]): Cell {
  const rivals = cells.filter(
    ({ workload, format, contender, clients }) =>
      workload === cell.workload && format === cell.format && contender === cell.contender && clients === cell.clients,
  );
  return rivals.reduce((a, b) => (perSecond(b) > perSecond(a) ? b : a));
}

const perSecond = ({ samples }: Cell): number => median(samples.map((sample) => sample.perSecond));

/** The median time of the matrix products of a workload alone, in milliseconds. */
function measureLimit(workload: WorkloadName, part: number): number {
  const args = [join(import.meta.dirname, 'peers', 'limit.ts'), workload, `${0.5 * part}`];
  const limit = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  console.log(`  the matrix products alone: ${short(limit)} ms`);
  return limit;
}
