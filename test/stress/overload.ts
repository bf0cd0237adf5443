// npm run overload: offers four times the load that the service can handle. Its throughput should stay high, it should refuse the
// rest quickly, and small requests should not be affected. With `--asks-first 1` clients send bodies only after 100 Continue.
import { setTimeout as wait } from 'node:timers/promises';
import type { Measured } from '../support/load.ts';
import { load, prepare, prepareGet, type Request } from '../support/loader.ts';
import { type Server, service, startServer } from '../support/servers.ts';
import { median, quantile, short } from '../support/statistics.ts';
import { workloads } from '../support/workloads.ts';
import { type Flooded, startFlood } from './flood.ts';
import { type Demand, option, report, type Tested, watchCores } from './report.ts';

/** The offered load, as a multiple of the throughput; and the number of connections, more than fit in the queue. */
const TIMES = 4;
const CONNECTIONS = 160;

/** The least throughput under load, relative to the best; and the longest time of a refusal, in milliseconds. */
const KEPT = 0.9;
const REFUSED_WITHIN = 50;

/** Seconds after which the queue is full; the measurement under load begins then. */
const AHEAD = 3;

/** How long the service may take to be ready again, and how often it is checked, in milliseconds. */
const RECOVERY = 30_000;
const ASK = 100;

/** The large requests; and the pause between small ones, in milliseconds. */
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
  // Several clients, told apart by X-Forwarded-For: one alone may use half of the places.
  const server = await startServer(service({ TRUST_PROXY: '127.0.0.1' }));
  try {
    return await overloadServer(server, requests, { seconds, asksFirst });
  } finally {
    await server.stop();
  }
}

/** The measurements of all stages. */
interface Stages {
  readonly requests: Requests;
  readonly seconds: number;
  readonly best: { readonly clients: number; readonly perSecond: number; readonly cores: number };
  readonly before: Small;
  readonly flooded: Flooded;
  /** The number of cores that the service had during the flood. */
  readonly cores: number;
  readonly during: Small;
  /** How often /readyz reported each state. */
  readonly states: ReadonlyMap<string, number>;
  /** The time until the service was ready again, in milliseconds. */
  readonly recovery: number;
  readonly afterwards: Small & { readonly perSecond: number };
}

async function overloadServer(
  server: Server,
  requests: Requests,
  { seconds, asksFirst }: { seconds: number; asksFirst: boolean },
): Promise<Tested> {
  // Small requests are sent all the time: they are part of the service's work.
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

/** Sends small requests and requests to /livez, with one client each. */
async function small(server: Server, requests: Requests, seconds: number): Promise<Small> {
  const one = { clients: 1, seconds, pause: PAUSE };
  const [article, livez] = await Promise.all([closedLoop(server, requests.small, one), closedLoop(server, requests.livez, one)]);
  return { article, livez };
}

/** @throws Error if an answer has a status other than 200. */
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

/** Counts the states reported by /readyz until the signal is aborted. */
async function watchReadiness(server: Server, over: AbortSignal): Promise<Map<string, number>> {
  const states = new Map<string, number>();
  while (!over.aborted) {
    const state = await askReady(server);
    states.set(state, (states.get(state) ?? 0) + 1);
    await wait(ASK);
  }
  return states;
}

/** The time until the service is ready, in milliseconds. */
async function ready(server: Server): Promise<number> {
  const start = performance.now();
  while ((await askReady(server)) !== '200 ready' && performance.now() - start < RECOVERY) await wait(ASK);
  return performance.now() - start;
}

/**
 * The throughput during the flood, once the queue is full. The senders of the flood use the same cores, so the throughput is also
 * compared per core that the service had.
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
