// npm run overload: what happens when there comes four times as much as the service can do. It goes on doing as much as it can, refuses the
// rest at once, and small requests do not notice. With `--asks-first 1` clients send a body only when they are told to (Expect: 100-continue).
import { setTimeout as wait } from 'node:timers/promises';
import type { Measured } from '../../bench/load.ts';
import { load, prepare, prepareGet, type Request } from '../../bench/measure.ts';
import { contenders, type Server, startServer } from '../../bench/servers.ts';
import { median, quantile, short } from '../../bench/statistics.ts';
import { workloads } from '../../bench/workloads.ts';
import { type Flooded, startFlood } from './flood.ts';
import { type Demand, option, report, type Tested, watchCores } from './report.ts';

/** How many times what the service can do is offered, and on how many connections: more than wait in the queue. */
const TIMES = 4;
const CONNECTIONS = 160;

/** The least part of the best throughput that there has to be under load; and the most that a refusal may take, in milliseconds. */
const KEPT = 0.9;
const REFUSED_WITHIN = 50;

/** After so many seconds the queue is full: what is measured under load begins then. */
const AHEAD = 3;

/** How long the service may take to be ready again, and how often it is asked, in milliseconds. */
const RECOVERY = 30_000;
const ASK = 100;

/** The large requests; and how far apart small ones come, in milliseconds. */
const LARGE = workloads.deep;
const PAUSE = 5;

interface Requests {
  readonly large: Request;
  readonly small: Request;
  readonly livez: Request;
}

async function overload(seconds: number, asksFirst: boolean): Promise<Tested> {
  const large = prepare(LARGE, 'json');
  const requests = { large, small: prepare(workloads.article, 'json'), livez: prepareGet('/livez') };
  const server = await startServer(contenders.service, 'threads');
  try {
    return await overloadServer(server, requests, { seconds, asksFirst });
  } finally {
    await server.stop();
  }
}

/** What was measured at each stage. */
interface Stages {
  readonly requests: Requests;
  readonly seconds: number;
  readonly best: { readonly clients: number; readonly perSecond: number; readonly cores: number };
  readonly before: Small;
  readonly flooded: Flooded;
  /** How many cores the service had during the flood. */
  readonly cores: number;
  readonly during: Small;
  /** How often /readyz said what. */
  readonly states: ReadonlyMap<string, number>;
  /** How long it took until the service was ready, in milliseconds. */
  readonly recovery: number;
  readonly afterwards: Small & { readonly perSecond: number };
}

async function overloadServer(
  server: Server,
  requests: Requests,
  { seconds, asksFirst }: { seconds: number; asksFirst: boolean },
): Promise<Tested> {
  // Small requests come all the while: they are a part of what the service does.
  const closed = async (clients: number) => {
    const [large] = await Promise.all([closedLoop(server, requests.large, { clients, seconds: 5 }), small(server, requests, 5)]);
    return large;
  };
  let best = { clients: 0, perSecond: 0, cores: 0 };
  for (const clients of [1, 2, 4, 8]) {
    const { result, cores } = await watchCores(server.pid, () => closed(clients));
    if (result.perSecond > best.perSecond) best = { clients, perSecond: result.perSecond, cores };
  }
  const before = await small(server, requests, 3);
  const over = new AbortController();
  const watched = watchReadiness(server, over.signal);
  const perSecond = TIMES * best.perSecond;
  const job = { port: server.port, request: requests.large.file, perSecond, seconds, connections: CONNECTIONS, asksFirst };
  const [{ result: flooded, cores }, during] = await Promise.all([
    watchCores(server.pid, () => startFlood(job)),
    wait(AHEAD * 1000).then(() => small(server, requests, seconds - AHEAD - 2)),
  ]);
  over.abort();
  const states = await watched;
  const recovery = await ready(server);
  const afterwards = { ...(await small(server, requests, 3)), perSecond: (await closed(best.clients)).perSecond };
  const stages = { requests, seconds, best, before, flooded, cores, during, states, recovery, afterwards };
  return { measured: measurements(stages), demands: demands(stages) };
}

interface Small {
  readonly article: Measured;
  readonly livez: Measured;
}

/** Sends small requests and asks /livez, with a client each. */
async function small(server: Server, requests: Requests, seconds: number): Promise<Small> {
  const one = { clients: 1, seconds, pause: PAUSE };
  const [article, livez] = await Promise.all([closedLoop(server, requests.small, one), closedLoop(server, requests.livez, one)]);
  return { article, livez };
}

/** @throws Error if an answer is another than 200. */
function closedLoop(
  { port }: Server,
  { file }: Request,
  { seconds, ...clients }: { clients: number; seconds: number; pause?: number },
) {
  return load({ port, request: file, ...clients, warmUp: { seconds: 1, atLeast: 1 }, measure: { seconds, atLeast: 5 } });
}

async function askReady({ port }: Server): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  const { status } = (await response.json()) as { status: string };
  return `${response.status} ${status}`;
}

/** Counts what /readyz says until it is told to stop. */
async function watchReadiness(server: Server, over: AbortSignal): Promise<Map<string, number>> {
  const states = new Map<string, number>();
  while (!over.aborted) {
    const state = await askReady(server);
    states.set(state, (states.get(state) ?? 0) + 1);
    await wait(ASK);
  }
  return states;
}

/** How long it takes until the service is ready, in milliseconds. */
async function ready(server: Server): Promise<number> {
  const start = performance.now();
  while ((await askReady(server)) !== '200 ready' && performance.now() - start < RECOVERY) await wait(ASK);
  return performance.now() - start;
}

/**
 * What of the flood was answered once the queue was full. Whoever sends the flood works on the same cores, so what the service does is
 * also compared for each core that it had.
 */
function answered({ flooded, seconds, best, cores }: Stages) {
  const counted = flooded.answered.filter(({ second }) => second > AHEAD && second <= seconds);
  const perSecond = counted.length / (seconds - AHEAD);
  const part = perSecond / best.perSecond;
  return { perSecond, part, partPerCore: (part * best.cores) / cores, latencies: counted.map(({ ms }) => ms) };
}

const spread = (latencies: readonly number[]) =>
  `${short(median(latencies))}, ${short(quantile(latencies, 0.99))} (${latencies.length})`;

function measurements(stages: Stages): Tested['measured'] {
  const { requests, seconds, best, before, flooded, cores, during, states, recovery, afterwards } = stages;
  const { perSecond, part, latencies } = answered(stages);
  return [
    ['large requests, bytes', requests.large.body.length],
    ['best throughput, 1/s (clients)', `${short(best.perSecond)} (${best.clients})`],
    ['cores that the service had: best, under load', `${short(best.cores)}, ${short(cores)}`],
    ['offered, 1/s (of these sent)', `${short(flooded.due / seconds)} (${short(flooded.sent / seconds)})`],
    ['answered, 1/s (part of the best)', `${short(perSecond)} (${short(part)})`],
    ['answered, ms: median, p99 (count)', spread(latencies)],
    ['refused, 1/s', short(flooded.refused.length / seconds)],
    ['refused, ms: median, p99 (count)', spread(flooded.refused)],
    ['small requests, ms: median, p99 (count)', spread(before.article.latencies)],
    ['  under load', spread(during.article.latencies)],
    ['  afterwards', spread(afterwards.article.latencies)],
    ['/livez, ms: median, p99 (count)', spread(before.livez.latencies)],
    ['  under load', spread(during.livez.latencies)],
    ['  afterwards', spread(afterwards.livez.latencies)],
    ['/readyz under load', [...states].map(([state, times]) => `${state} (${times})`).join(', ')],
    ['ready again after, ms', short(recovery)],
    ['throughput afterwards, 1/s', short(afterwards.perSecond)],
  ];
}

function demands(stages: Stages): Demand[] {
  const { flooded, during, states, recovery, afterwards, best, seconds } = stages;
  const { partPerCore } = answered(stages);
  const refusal = median(flooded.refused);
  const others = Object.entries(flooded.faults).map(([what, times]) => `${times} x ${what}`);
  const sent = flooded.sent / seconds / best.perSecond;
  return [
    {
      demand: `more than ${KEPT} of the best throughput under load, for each core that the service had`,
      saw: short(partPerCore),
      met: partPerCore > KEPT,
    },
    { demand: 'offered at least three times the best', saw: short(sent), met: sent >= 3 },
    {
      demand: 'every refusal is a 503 with the problem overloaded and a Retry-After',
      saw: others.join('; ') || 'yes',
      met: others.length === 0,
    },
    { demand: `half of the refusals come within ${REFUSED_WITHIN} ms`, saw: short(refusal), met: refusal < REFUSED_WITHIN },
    {
      demand: 'small requests go on being answered',
      saw: spread(during.article.latencies),
      met: during.article.latencies.length > 0,
    },
    { demand: '/readyz says overloaded', saw: `${states.get('503 overloaded') ?? 0} times`, met: states.has('503 overloaded') },
    { demand: 'ready again', saw: `after ${short(recovery)} ms`, met: recovery < RECOVERY },
    {
      demand: `more than ${KEPT} of the best throughput afterwards`,
      saw: short(afterwards.perSecond / best.perSecond),
      met: afterwards.perSecond > KEPT * best.perSecond,
    },
  ];
}

if (import.meta.main) report(await overload(option('seconds', 25), option('asks-first', 0) > 0));
