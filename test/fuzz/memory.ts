// What memory a campaign leaves behind.
import { Agent } from 'node:http';
import { MOST_KEPT } from '../../src/memory/buffers.ts';
import { residentMemory, type Service } from '../support/process.ts';
import { newTally, sendGood } from './campaign.ts';
import { exchange, type Sent } from './client.ts';
import { JSON_TYPE } from './mutant.ts';

/** Lets the service collect its garbage on a signal that Node has no use for: what is left of the heap is in use. */
export const collecting = [
  '--expose-gc',
  '--import',
  `data:text/javascript,${encodeURIComponent("process.on('SIGWINCH', () => gc())")}`,
];

/** A request of 4 KB, whose answer is estimated at almost MAX_ANSWER. */
const largeAnswer: Sent = {
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

/** Lets the service take all the memory that it keeps for further requests, which would else look like a leak: twice as much fills it surely. */
export async function fillKept({ url }: Service): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  for (let bytes = 0; bytes < 2 * MOST_KEPT; ) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(url, agent, largeAnswer)));
    if (answers.some(({ status }) => status !== 200)) throw new Error(`the large answer: ${answers[0].body}`);
    for (const { body } of answers) bytes += body.length;
  }
  agent.destroy();
}

/** What a service takes, in bytes. */
export interface Memory {
  /** Undefined where the system does not say. */
  readonly resident: number | undefined;
  /** JavaScript's objects on the main thread. */
  readonly heap: number;
  /** Threads that came to an end, as they do if they run out of memory. */
  readonly deaths: number;
}

/** Rounds of good requests after which memory is measured: so many at least, and until it fits so many at most. */
const LEAST_ROUNDS = 10;
const MOST_ROUNDS = 50;

/** The least memory that a service, started with `collecting`, takes after each of some rounds of good requests. */
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
