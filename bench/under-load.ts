// How long small requests wait while large ones are computed.
import type { Job } from './load.ts';
import { discard, load, prepare, prepareGet, type Request } from './measure.ts';
import { contenders, startServer } from './servers.ts';
import { median, quantile } from './statistics.ts';
import { workloads } from './workloads.ts';

/** Latencies in milliseconds. */
export interface Waits {
  readonly median: number;
  readonly p99: number;
  readonly count: number;
}

export interface UnderLoad {
  readonly article: { readonly idle: Waits; readonly busy: Waits };
  readonly livez: { readonly idle: Waits; readonly busy: Waits };
  /** So many clients sent large requests. */
  readonly clients: number;
}

/** So many clients send the large requests. */
const CLIENTS = 2;

/** The small requests come so far apart, in milliseconds. */
const PAUSE = 5;

/** How long the large requests run before the small ones are measured, in seconds. */
const AHEAD = 2;

/** Measures the article and /livez side by side, with nothing else to do and then with wide requests in JSON. */
export async function measureUnderLoad(seconds: number): Promise<UnderLoad> {
  const [wide, article, livez] = [prepare(workloads.wide, 'json'), prepare(workloads.article, 'json'), prepareGet('/livez')];
  const server = await startServer(contenders.service, 'threads');
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

/** Measures while a load is on. */
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
