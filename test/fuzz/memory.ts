// Measures the memory that a campaign leaves in use.
import { Agent } from 'node:http';
import { MOST_KEPT_BYTES } from '../../src/memory/buffers.ts';
import { residentMemory, type Service } from '../support/process.ts';
import { newTally, sendGood } from './campaign.ts';
import { exchange, type Sent } from './client.ts';
import { JSON_TYPE } from './mutant.ts';

/**
 * Options of Node that make the service collect its garbage on an otherwise unused signal, so that the remaining heap is in use.
 */
export const collecting = [
  '--expose-gc',
  '--import',
  `data:text/javascript,${encodeURIComponent("process.on('SIGWINCH', () => gc())")}`,
];

/** A request of 4 KB, with an estimated answer of almost MAX_ANSWER. */
const largeAnswer: Sent = {
  operation: 'gradients',
  headers: { 'content-type': JSON_TYPE, accept: JSON_TYPE },
  body: Buffer.from(
    JSON.stringify({
      network: { layers: [{ weights: Array(60).fill([0.1]) }] },
      batch: { inputs: Array(250).fill([0.1]), targets: Array(250).fill(0) },
      loss: 'cross_entropy',
      include: ['per_sample_gradients'],
    }),
  ),
  framing: 'length',
};

/**
 * Makes the service allocate all memory that it keeps for reuse, which would otherwise look like a leak. Sends twice as much as
 * is needed for that.
 */
export async function fillKept({ url }: Service): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  for (let bytes = 0; bytes < 2 * MOST_KEPT_BYTES; ) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(url, agent, largeAnswer)));
    // A client may use only its share of the places.
    const wrong = answers.find(({ status }) => status !== 200 && status !== 503);
    if (wrong) throw new Error(`the large answer: ${wrong.body}`);
    for (const { status, body } of answers) if (status === 200) bytes += body.length;
  }
  agent.destroy();
}

/** The memory of a service, in bytes. */
export interface Memory {
  /** Resident set size; undefined if the system does not report it. */
  readonly resident: number | undefined;
  /** JavaScript heap of the main thread. */
  readonly heap: number;
  /** Threads that ended unexpectedly, for example because they ran out of memory. */
  readonly deaths: number;
}

/** The numbers of rounds of good requests after which memory is measured: at least, and at most if it does not fit. */
const LEAST_ROUNDS = 10;
const MOST_ROUNDS = 50;

/** The least memory of a service, started with `collecting`, over several rounds of good requests. */
export async function settledMemory(service: Service, fits: (memory: Memory) => boolean = () => true) {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const tally = newTally();
  let memory: Memory = { resident: undefined, heap: Infinity, deaths: 0 };
  for (let round = 0; round < LEAST_ROUNDS || (round < MOST_ROUNDS && !fits(memory)); round++) {
    service.process.kill('SIGWINCH');
    for (let i = 0; i < 100; i++) await sendGood(service.url, agent, i, tally);
    service.process.kill('SIGWINCH');
    const metrics = await (await fetch(new URL('/metrics', service.url))).text();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
    const resident = residentMemory(service.process.pid as number);
    memory = {
      resident: resident && Math.min(resident, memory.resident ?? resident),
      heap: Math.min(value('nodejs_heap_size_used_bytes'), memory.heap),
      deaths: value('gradients_thread_deaths_total'),
    };
  }
  agent.destroy();
  return { memory, faults: tally.faults };
}
