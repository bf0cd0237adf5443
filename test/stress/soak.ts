// npm run soak: minutes of mixed load on a real process, with clients that disconnect and threads that die. Every well-formed
// request gets its own answer, exact to the last bit, and memory does not grow.
import { setTimeout as wait } from 'node:timers/promises';
import { fillKept } from '../fuzz/memory.ts';
import { residentMemory, type Service, startService } from '../support/process.ts';
import { median, quantile, short } from '../support/statistics.ts';
import { killable } from './killer.ts';
import { type Demand, noFaults, option, report, type Tested } from './report.ts';
import { makeCases, randomFrom } from './requests.ts';
import { askBadly, askWell, goAway, type Traffic } from './traffic.ts';

export interface Wanted {
  readonly seed: number;
  /** The test ends after this time, or after this number of requests. */
  readonly seconds: number;
  readonly requests: number;
  /** A thread is killed each time this many requests have been sent. */
  readonly killEvery: number;
  readonly cases: { readonly small: number; readonly large: number };
}

/** More clients than places, so that some requests are refused. */
const ENVIRONMENT = { MAX_QUEUE: '3', LOG_LEVEL: 'info' };

/** The largest growth of memory, as a factor, from the end of the warm-up to the end of the test. */
const GROWTH = 1.1;

/**
 * The fraction of the time for warm-up; and the fraction, after it and at the end, whose median counts as the level of memory.
 */
const WARM_UP = 0.25;
const WINDOW = 0.15;

/** The interval between checks, in milliseconds. */
const LOOK = 500;

export async function soak(wanted: Wanted): Promise<Tested> {
  const cases = await makeCases(wanted.seed, wanted.cases);
  const server = await startService({ environment: ENVIRONMENT, options: killable, keep: () => false });
  try {
    await fillKept(server);
    return await soakServer(server, wanted, cases);
  } finally {
    server.process.kill('SIGKILL');
  }
}

async function soakServer(server: Service, wanted: Wanted, cases: Traffic['cases']): Promise<Tested> {
  const end = performance.now() + wanted.seconds * 1000;
  let sent = 0;
  let kills = 0;
  const goOn = () => {
    sent++;
    if (sent % wanted.killEvery === 0 && server.process.kill('SIGWINCH')) kills++;
    return sent <= wanted.requests && performance.now() < end;
  };
  const traffic: Traffic = { port: server.port, cases, goOn, counts: new Map(), faults: [] };
  const over = new AbortController();
  const watched = watch(server, over.signal);
  const random = (i: number) => randomFrom(wanted.seed + i);
  await Promise.all([
    ...[1, 2, 3, 4].map((i) => askWell(traffic, random(i), 'large', 'at once')),
    ...[5, 6].map((i) => askWell(traffic, random(i), 'small', 'at once')),
    askWell(traffic, random(7), 'small', 'slowly'),
    ...[8, 9].map((i) => askWell(traffic, random(i), 'large', 'slowly')),
    askBadly(traffic, random(10)),
    ...[11, 12].map((i) => goAway(traffic, random(i))),
  ]);
  over.abort();
  const { memory, livez } = await watched;
  await afterwards(traffic);
  const left = await leftInFlight(server);
  server.process.kill('SIGTERM');
  const exit = await server.exit;
  return { measured: measurements(traffic, kills, memory, livez), demands: demands(traffic, memory, left, exit) };
}

interface Look {
  readonly second: number;
  readonly MiB: number;
}

/** Measures the service's memory, and whether it answers, until the signal is aborted. */
async function watch({ process: { pid }, url }: Service, over: AbortSignal): Promise<{ memory: Look[]; livez: number[] }> {
  const start = performance.now();
  const memory: Look[] = [];
  const livez: number[] = [];
  while (!over.aborted) {
    const before = performance.now();
    const response = await fetch(new URL('/livez', url));
    if (response.ok) livez.push(performance.now() - before);
    await response.arrayBuffer();
    memory.push({ second: (before - start) / 1000, MiB: (residentMemory(pid as number) ?? 0) / 2 ** 20 });
    await wait(LOOK, undefined, { signal: over }).catch(() => {});
  }
  return { memory, livez };
}

/** Repeats all requests on the idle service. */
async function afterwards(traffic: Traffic): Promise<void> {
  let left = 2 * traffic.cases.length;
  const calm = { ...traffic, goOn: () => left-- > 0 };
  await askWell(calm, randomFrom(0), 'small', 'at once');
  left = traffic.cases.length;
  await askWell(calm, randomFrom(0), 'large', 'at once');
}

/** The metrics, in the text of /metrics, that must be 0 on an idle service. */
const inFlight = /^(?:gradients_queue_depth|gradients_threads\{state="busy"\}|gradients_memory_budget_used_bytes) [1-9].*$/gm;

/** How long work of disconnected clients may take to end, in milliseconds. */
const END = 10_000;

/** The metrics that do not return to 0. */
async function leftInFlight({ url }: Service): Promise<string[]> {
  const end = performance.now() + END;
  for (;;) {
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    const left = metrics.match(inFlight) ?? [];
    if (left.length === 0 || performance.now() > end) return left;
    await wait(LOOK / 10);
  }
}

function levels(memory: readonly Look[]): [before: number, after: number] {
  const end = memory.at(-1)?.second ?? 0;
  const level = (from: number) =>
    median(memory.filter(({ second }) => second >= from * end && second <= (from + WINDOW) * end).map(({ MiB }) => MiB));
  return [level(WARM_UP), level(1 - WINDOW)];
}

function measurements({ counts }: Traffic, kills: number, memory: readonly Look[], livez: readonly number[]): Tested['measured'] {
  const [before, after] = levels(memory);
  return [
    ['seconds', short(memory.at(-1)?.second ?? 0)],
    ...[...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ['threads ended', kills],
    ['/livez, ms: median, p99, most', [0.5, 0.99, 1].map((part) => short(quantile(livez, part))).join(', ')],
    [
      'resident memory, MiB: after the warm-up, at the end, most',
      [before, after, Math.max(...memory.map(({ MiB }) => MiB))].map(short).join(', '),
    ],
  ];
}

function demands({ faults }: Traffic, memory: readonly Look[], left: string[], exit: number | null): Demand[] {
  const [before, after] = levels(memory);
  return [
    noFaults('every well-formed request has its answer, bit by bit, and every other one its problem', faults),
    { demand: 'nothing is left in flight', saw: left.join(', ') || 'nothing', met: left.length === 0 },
    {
      demand: `the memory at the end is at most ${GROWTH} of that after the warm-up`,
      saw: short(after / before),
      met: after <= GROWTH * before,
    },
    { demand: 'SIGTERM ends the process with 0', saw: `${exit}`, met: exit === 0 },
  ];
}

if (import.meta.main) {
  const seed = option('seed', 1);
  console.log(`seed ${seed}`);
  const wanted = { seed, seconds: option('seconds', 600), requests: Infinity, killEvery: 300, cases: { small: 60, large: 24 } };
  report(await soak(wanted));
}
