// The metrics at GET /metrics, for Prometheus.
import { collectDefaultMetrics, Gauge, Counter as PromCounter, Registry } from 'prom-client';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Finished } from '../http/exchange.ts';
import type { EngineChoice } from '../linalg/engines.ts';
import type { Operation } from '../operations/operation.ts';
import { phases } from '../operations/report.ts';
import type { Pool, PoolState } from '../pool/pool.ts';
import { Counter, Histogram, SECONDS } from './instruments.ts';
import { type JobCounts, measureQueue, type QueueState } from './job-metrics.ts';
import { droppedLines } from './logger.ts';

export interface Metrics {
  observe(finished: Finished): void;
  /** Counts a problem that belongs to no request, such as malformed HTTP. */
  count(problem: ProblemType): void;
  readonly contentType: string;
  /** All metrics in Prometheus's text format. */
  text(): Promise<string>;
}

/** Sources of the metrics that are not about single requests. */
export interface Measured {
  readonly operations: readonly Operation[];
  readonly engine: EngineChoice;
  readonly pool: Pool;
  readonly jobs: { readonly counts: { readonly queued: number; readonly running: number } };
  readonly counts: JobCounts;
  /** What is in the queue of jobs, if there is one; undefined while it does not answer. */
  readonly queue?: () => Promise<QueueState | undefined>;
  /** What the service needs, and whether it is there. */
  readonly dependencies: Dependencies;
  readonly ready: () => boolean;
  readonly connections: () => Promise<number>;
}

/** Buckets from 1 KiB to 1 GiB. */
const BYTES = Array.from({ length: 11 }, (_, i) => 1024 * 4 ** i);

/** prom-client's metrics of the process (event-loop delay, memory, garbage collection), shared by all applications. */
const ofProcess = new Registry();
collectDefaultMetrics({ register: ofProcess });

export function collectMetrics(measured: Measured): Metrics {
  const register = new Registry();
  const requests = new Counter('http_requests_total', 'Requests by method, route and status, which may be cut-off', [
    'method',
    'route',
    'status',
  ]);
  const durations = new Histogram('http_request_duration_seconds', 'Headers to end of answer, by route', ['route'], SECONDS);
  const phaseDurations = new Histogram(
    'gradients_phase_duration_seconds',
    'Durations of the phases of requests',
    ['phase'],
    SECONDS,
  );
  const received = new Histogram('gradients_request_bytes', 'Bodies, decompressed', ['media_type'], BYTES);
  const sent = new Histogram('gradients_answer_bytes', 'Answers', ['media_type'], BYTES);
  const problemsMet = new Counter('problems_total', 'Problem documents by type', ['type']);
  const flops = new Counter('gradients_flops_total', 'Estimated floating-point operations of the requests answered', [
    'operation',
  ]);
  const instruments = [requests, durations, phaseDurations, received, sent, problemsMet, flops, ...measured.counts.instruments];
  // Creates the children now, so that events that have not happened yet are reported as 0.
  const ofPhase = phases.map((phase) => [phase, phaseDurations.of(phase)] as const);
  for (const type of Object.keys(problems)) problemsMet.of(type);
  for (const { name } of measured.operations) flops.of(name);

  addGauges(register, measured);
  const all = Registry.merge([ofProcess, register]);
  return {
    observe({ request, exchange, status, duration, sentBytes, isCutOff }) {
      const { route = 'none' } = exchange;
      requests.of(request.method, route, isCutOff ? 'cut-off' : `${status}`).add(1);
      durations.of(route).observe(duration / 1000);
      for (const [phase, distribution] of ofPhase) {
        const ms = exchange.phases[phase];
        if (ms !== undefined) distribution.observe(ms / 1000);
      }
      if (exchange.problem) problemsMet.of(exchange.problem).add(1);
      if (exchange.receivedBytes === undefined) return;
      received.of(exchange.mediaType).observe(exchange.receivedBytes);
      if (exchange.problem) return;
      if (sentBytes !== undefined) sent.of(exchange.answerType).observe(sentBytes);
      if (exchange.flops) flops.of(exchange.operation as string).add(exchange.flops);
    },
    count: (type) => problemsMet.of(type).add(1),
    contentType: all.contentType,
    text: async () => instruments.map((instrument) => instrument.text()).join('\n') + (await all.metrics()),
  };
}

/** The metrics that are not about single requests; their values are read when Prometheus asks. */
function addGauges(register: Registry, { engine, pool, jobs, ready, connections, queue, dependencies }: Measured): void {
  const registers = [register];
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
  gauge('gradients_queue_limit', 'Most requests that may wait (MAX_QUEUE)', ({ mayWait }) => mayWait);
  gauge('gradients_memory_budget_used_bytes', 'Memory of the requests in flight', ({ memory }) => memory);
  gauge('gradients_memory_budget_bytes', 'Most memory of the requests in flight (MEMORY_BUDGET)', ({ budget }) => budget);
  gauge('gradients_ready', 'Whether /readyz says yes', () => Number(ready()));
  new Gauge({
    name: 'gradients_threads',
    help: 'Threads by state',
    labelNames: ['state'],
    registers,
    collect() {
      const { threads, busy } = pool.state;
      this.set({ state: 'busy' }, busy);
      this.set({ state: 'idle' }, threads - busy);
    },
  });
  new Gauge({
    name: 'gradients_jobs',
    help: 'Jobs of this process that have not ended, by state',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(jobs.counts)) this.set({ state }, count);
    },
  });
  if (queue) measureQueue(registers, queue);
  new Gauge({
    name: 'gradients_dependency_up',
    help: 'Whether what the service needs answers: the store, the queue of jobs',
    labelNames: ['dependency'],
    registers,
    async collect() {
      const missing = await dependencies.missing();
      for (const dependency of dependencies.names) this.set({ dependency }, Number(!missing.includes(dependency)));
    },
  });
  const counter = (name: string, help: string, value: () => number) =>
    new PromCounter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  counter('gradients_thread_deaths_total', 'Threads that ended unexpectedly', () => pool.state.deaths);
  counter('log_lines_dropped_total', 'Lines of the log that its reader did not take', () => droppedLines.count);
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
    help: 'The engine that multiplies matrices',
    labelNames: ['engine', 'library'],
    registers,
  }).set({ engine: engine.name, library: engine.library ?? '' }, 1);
}
