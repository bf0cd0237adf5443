// Every workload on the service and on its peers, in rounds, so that what disturbs the machine for a while disturbs all of them.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Answer, checkAgreement, getAnswer } from './answers.ts';
import { discard, load, prepare, type Request } from './measure.ts';
import { type Contender, type ContenderName, contenders, type Setup, startServer } from './servers.ts';
import { median, quantile, short } from './statistics.ts';
import { type Format, type WorkloadName, workloads } from './workloads.ts';

/** A workload in one of its formats. */
export interface Case {
  readonly workload: WorkloadName;
  readonly format: Format;
}

/** How many clients send at the same time. */
export const concurrencies = [1, 8] as const;
export type Concurrency = (typeof concurrencies)[number];

/** What one measurement gives; latencies are in milliseconds. */
export interface Sample {
  readonly perSecond: number;
  readonly median: number;
  readonly p99: number;
}

/** All measurements of a contender in one setup, one per round. */
export interface Cell extends Case {
  readonly contender: ContenderName;
  readonly clients: Concurrency;
  readonly setup: Setup;
  readonly samples: Sample[];
}

/** How long measurements take: so many rounds, and in each a part of a workload's seconds. */
export interface Pace {
  readonly rounds: number;
  readonly part: number;
}

export interface Sweep {
  readonly cells: Cell[];
  /** The milliseconds of a workload's matrix products, the median of each round. */
  readonly limits: Partial<Record<WorkloadName, number[]>>;
}

/** A server this slow, in milliseconds, is warm after the measurement with one client. */
const SLOW = 1000;

/** A setup whose throughput in the first round is so many times lower than the other's is not measured again. */
const CLEAR = 1.5;

/** The contenders that answer in a format; the service is the first of them. */
export function contendersOf(format: Format): ContenderName[] {
  const formats = ([, contender]: [string, Contender]) => contender.formats.includes(format);
  return Object.entries(contenders)
    .filter(formats)
    .map(([name]) => name as ContenderName);
}

/** Measures all cases on all contenders, and keeps of each contender the better setup. */
export async function sweep(cases: readonly Case[], pace: Pace): Promise<Sweep> {
  const result: Sweep = { cells: [], limits: {} };
  for (let round = 1; round <= pace.rounds; round++) {
    for (const item of cases) {
      console.log(`round ${round} of ${pace.rounds}: ${item.workload}, ${item.format}`);
      await measureCase(item, pace, result);
    }
    for (const workload of new Set(cases.map((item) => item.workload))) {
      const limits = result.limits[workload] ?? [];
      result.limits[workload] = [...limits, measureLimit(workload, workloads[workload].seconds * pace.part)];
    }
  }
  return { ...result, cells: result.cells.filter((cell) => best(cell, result.cells) === cell) };
}

/** One round of a case: each contender in turn, the service's answer being what the others' have to agree with. */
async function measureCase(item: Case, pace: Pace, { cells }: Sweep): Promise<void> {
  let expected: Answer | undefined;
  for (const name of contendersOf(item.format)) {
    const request = prepare(workloads[item.workload], item.format, contenders[name].path);
    const known = cells.filter((cell) => cell.contender === name && sameCase(cell, item));
    const measured = known.length > 0 ? known : candidates(item, name);
    for (const setup of contenders[name].setups) {
      const wanted = measured.filter((cell) => cell.setup === setup);
      if (wanted.length === 0) continue;
      const answer = await measureServer({ ...item, contender: name, setup, request, part: pace.part }, wanted, expected?.bytes);
      if (answer && expected) checkAgreement(contenders[name].label, answer, expected);
      expected ??= answer;
    }
    discard(request);
    if (known.length === 0) cells.push(...measured.filter((cell) => perSecond(cell) * CLEAR >= perSecond(best(cell, measured))));
  }
}

/** A cell without measurements for each setup of a contender and number of clients. */
function candidates(item: Case, contender: ContenderName): Cell[] {
  return contenders[contender].setups.flatMap((setup) =>
    concurrencies.map((clients): Cell => ({ ...item, contender, clients, setup, samples: [] })),
  );
}

const sameCase = (a: Case, b: Case): boolean => a.workload === b.workload && a.format === b.format;

/** The cell with the highest throughput among those that differ from this one in nothing but the setup. */
function best(cell: Cell, cells: readonly Cell[]): Cell {
  const rivals = cells.filter(
    (other) => sameCase(other, cell) && other.contender === cell.contender && other.clients === cell.clients,
  );
  return rivals.reduce((a, b) => (perSecond(b) > perSecond(a) ? b : a));
}

const perSecond = ({ samples }: Cell): number => median(samples.map((sample) => sample.perSecond));

interface Subject extends Case {
  readonly contender: ContenderName;
  readonly setup: Setup;
  readonly request: Request;
  readonly part: number;
}

/**
 * Starts a fresh server and adds a measurement to each cell; gives an answer of it, which has warmed it up, too, unless it is one that
 * answers with any `bytes` bytes.
 */
async function measureServer(subject: Subject, cells: readonly Cell[], bytes?: number): Promise<Answer | undefined> {
  const contender: Contender = contenders[subject.contender];
  const server = await startServer(contender, subject.setup, contender.isEmpty && { ANSWER_BYTES: `${bytes}` });
  try {
    const { request, format, setup } = subject;
    const url = `http://127.0.0.1:${server.port}${contender.path}`;
    const answer = contender.isEmpty ? undefined : await getAnswer(url, format, request.body);
    const seconds = workloads[subject.workload].seconds * subject.part;
    let before = 0;
    for (const { clients, samples } of cells) {
      const warm = setup === 'threads' && before > SLOW;
      const { perSecond, latencies } = await load({
        port: server.port,
        request: request.file,
        clients,
        warmUp: warm ? { seconds: 0, atLeast: 0 } : { seconds: seconds / 3, atLeast: 2 },
        measure: { seconds, atLeast: Math.max(clients, 3) },
      });
      const sample = { perSecond, median: median(latencies), p99: quantile(latencies, 0.99) };
      samples.push(sample);
      before = sample.median;
      console.log(
        `  ${contender.label} (${setup}), clients: ${clients}; ${short(perSecond)} requests/s, median ${short(sample.median)} ms`,
      );
    }
    return answer;
  } finally {
    await server.stop();
  }
}

/** The median time of a workload's matrix products alone, in milliseconds. */
function measureLimit(workload: WorkloadName, seconds: number): number {
  const args = [join(import.meta.dirname, 'peers', 'limit.ts'), workload, `${Math.min(seconds, 2)}`];
  const limit = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  console.log(`  the limit of ${workload}: ${short(limit)} ms`);
  return limit;
}
