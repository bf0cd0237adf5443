// What Prometheus is told at GET /metrics.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import type { Finished } from '../http/exchange.ts';
import type { EngineChoice } from '../linalg/engines.ts';
import { type Phase, phases } from '../operations/report.ts';
import type { Pool, PoolState } from '../pool/pool.ts';

export interface Metrics {
  observe(finished: Finished): void;
  /** Counts a problem of which there is no request. */
  count(problem: ProblemType): void;
  /** The text that Prometheus reads, and its media type. */
  readonly contentType: string;
  text(): Promise<string>;
}

/** What is measured apart from requests. */
export interface Measured {
  readonly engine: EngineChoice;
  readonly pool: Pool;
  readonly ready: () => boolean;
  readonly connections: () => Promise<number>;
}

/** From a tenth of a millisecond to a minute, in seconds. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60];

/** From 1 KiB to 1 GiB, in bytes. */
const BYTES = Array.from({ length: 11 }, (_, i) => 1024 * 4 ** i);

/** What prom-client says of the process: event-loop delay, memory, garbage collection. It is one, however many applications it has. */
const ofProcess = new Registry();
collectDefaultMetrics({ register: ofProcess });

export function collectMetrics({ engine, pool, ready, connections }: Measured): Metrics {
  const register = new Registry();
  const registers = [register];
  const counter = (name: string, help: string, labelNames: string[] = []) => new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });

  const requests = counter('http_requests_total', 'Requests by method, route and status, which may be cut-off', [
    'method',
    'route',
    'status',
  ]);
  const durations = histogram('http_request_duration_seconds', 'Headers to end of answer, by route', ['route'], SECONDS);
  const phaseDurations = histogram('gradients_phase_duration_seconds', 'Where the time of a request goes', ['phase'], SECONDS);
  const received = histogram('gradients_request_bytes', 'Bodies, unpacked', ['media_type'], BYTES);
  const sent = histogram('gradients_answer_bytes', 'Answers', ['media_type'], BYTES);
  const problemsMet = counter('problems_total', 'Problem documents by type', ['type']);
  const flops = counter('gradients_flops_total', 'Floating-point operations of the requests answered, as estimated');

  const ofPhase = Object.fromEntries(phases.map((phase) => [phase, phaseDurations.labels({ phase })]));
  for (const phase of phases) phaseDurations.zero({ phase });
  for (const type of Object.keys(problems)) problemsMet.inc({ type }, 0);

  const gauge = (name: string, help: string, value: (state: PoolState) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(pool.state));
      },
    });
  gauge('gradients_queue_depth', 'Requests that wait for a thread', ({ waiting }) => waiting);
  gauge('gradients_queue_limit', 'How many may wait (MAX_QUEUE)', ({ mayWait }) => mayWait);
  gauge('gradients_memory_budget_used_bytes', 'Memory of the requests in flight', ({ memory }) => memory);
  gauge('gradients_memory_budget_bytes', 'How much that may be (MEMORY_BUDGET)', ({ budget }) => budget);
  gauge('gradients_ready', 'Whether /readyz says yes', () => Number(ready()));
  new Gauge({
    name: 'gradients_threads',
    help: 'Threads by what they do',
    labelNames: ['state'],
    registers,
    collect() {
      const { threads, busy } = pool.state;
      this.set({ state: 'busy' }, busy);
      this.set({ state: 'idle' }, threads - busy);
    },
  });
  new Counter({
    name: 'gradients_thread_deaths_total',
    help: 'Threads that came to an end that nobody wanted',
    registers,
    collect() {
      this.reset();
      this.inc(pool.state.deaths);
    },
  });
  new Gauge({
    name: 'http_connections',
    help: 'Open connections',
    registers,
    async collect() {
      this.set(await connections());
    },
  });
  new Gauge({
    name: 'gradients_engine_info',
    help: 'What multiplies matrices',
    labelNames: ['engine', 'library'],
    registers,
  }).set({ engine: engine.name, library: engine.library ?? '' }, 1);

  const all = Registry.merge([ofProcess, register]);
  return {
    observe({ request, report, route = 'none', status, duration, sent: bytes, isCutOff }) {
      requests.inc({ method: request.method, route, status: isCutOff ? 'cut-off' : status });
      durations.observe({ route }, duration / 1000);
      for (const [phase, ms] of Object.entries(report.phases)) ofPhase[phase as Phase].observe(ms / 1000);
      if (report.problem) problemsMet.inc({ type: report.problem });
      if (report.received === undefined) return;
      received.observe({ media_type: report.received.mediaType }, report.received.bytes);
      if (report.problem) return;
      if (bytes !== undefined) sent.observe({ media_type: request.accepted }, bytes);
      if (report.flops) flops.inc(report.flops);
    },
    count: (type) => problemsMet.inc({ type }),
    contentType: all.contentType,
    text: () => all.metrics(),
  };
}
