// Measures the latency of small requests while large ones are computed.
import type { Job } from '../test/support/load.ts';
import { discard, load, prepare, prepareGet, type Request } from '../test/support/loader.ts';
import { service, startServer } from '../test/support/servers.ts';
import { median, quantile } from '../test/support/statistics.ts';
import { workloads } from '../test/support/workloads.ts';

/** Latencies in milliseconds. */
export interface Waits {
  readonly median: number;
  readonly p99: number;
  readonly count: number;
}

export interface UnderLoad {
  readonly article: { readonly idle: Waits; readonly busy: Waits };
  readonly livez: { readonly idle: Waits; readonly busy: Waits };
  /** The number of clients that sent large requests. */
  readonly clients: number;
}

/** The number of clients that send large requests. */
const CLIENTS = 2;

/** The pause between small requests, in milliseconds. */
const PAUSE = 5;

/** How long large requests run before small ones are measured, in seconds. */
const AHEAD = 2;

/** Measures the article and /livez at the same time: first on an idle service, then with JSON requests of the workload `wide`. */
export async function measureUnderLoad(seconds: number): Promise<UnderLoad> {
  const [wide, article, livez] = [prepare(workloads.wide, 'json'), prepare(workloads.article, 'json'), prepareGet('/livez')];
  const server = await startServer(service());
  const waits = async (request: Request): Promise<Waits> => {
    const measure = { seconds, atLeast: 100 };
    const { latencies } = await load({
      port: server.port,
      request: request.file,
      clients: 1,
      warmUp: { seconds: 1, atLeast: 100 },
      measure,
      pause: PAUSE,
    });
    return { median: median(latencies), p99: quantile(latencies, 0.99), count: latencies.length };
  };
  const both = () => Promise.all([waits(article), waits(livez)]);
  const large = { port: server.port, request: wide.file, clients: CLIENTS, warmUp: { seconds: 0, atLeast: 0 } };
  try {
    await load({ ...large, measure: { seconds: 0, atLeast: CLIENTS } });
    const [articleIdle, livezIdle] = await both();
    const [articleBusy, livezBusy] = await during({ ...large, measure: { seconds: 3600, atLeast: 0 } }, both);
    return {
      article: { idle: articleIdle, busy: articleBusy },
      livez: { idle: livezIdle, busy: livezBusy },
      clients: CLIENTS,
    };
  } finally {
    await server.stop();
    for (const request of [wide, article, livez]) discard(request);
  }
}

/** Measures while a load is running. */
async function during<T>(job: Job, measure: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const ended = load(job, stop.signal).then(
    () => new Error('expected the load to go on'),
    (error: Error) => error,
  );
  try {
    await new Promise((resolve) => setTimeout(resolve, AHEAD * 1000));
    const first = await Promise.race([measure(), ended]);
    if (first instanceof Error) throw first;
    return first;
  } finally {
    stop.abort();
    await ended;
  }
}
