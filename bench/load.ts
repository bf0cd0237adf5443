// The load generator, a process of its own that takes one job by IPC. It shares the machine with what it measures, so it does as
// little as it can: see client.ts.
import { readFileSync } from 'node:fs';
import { type Answer, Client } from './client.ts';

/** For how long clients send, each its next request when it has the answer to the last one. */
export interface Phase {
  readonly seconds: number;
  /** So many requests are sent even if they take longer. */
  readonly atLeast: number;
}

export interface Job {
  readonly port: number;
  /** The file with the bytes of one request, head and body. */
  readonly request: string;
  readonly clients: number;
  /** Before anything is counted. */
  readonly warmUp: Phase;
  readonly measure: Phase;
  /** How long each client waits before its next request, in milliseconds. */
  readonly pause?: number;
}

export interface Measured {
  readonly perSecond: number;
  /** Milliseconds from the start of sending a request to the end of its answer, in the order of arrival. */
  readonly latencies: number[];
}

/** How far the length of an answer may be from that of the first one: the last digits of numbers may differ. */
const TOLERANCE = 0.01;

/** Makes a check of answers: status 200, and the length of the first one. */
function sameAsFirst(): (answer: Answer) => void {
  let expected = -1;
  return ({ status, head, length }) => {
    if (expected < 0 && status === 200) expected = length;
    if (status === 200 && Math.abs(length - expected) <= TOLERANCE * length) return;
    const first = expected < 0 ? '' : `, and ${expected} bytes as in the first answer`;
    throw new Error(`expected status 200 and a length${first}, got ${head}`);
  };
}

/** Lets all clients send for a phase, and waits until every answer is there. */
async function run(clients: Client[], request: Buffer, { seconds, atLeast }: Phase, pause: number): Promise<Measured> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let sent = 0;
  let last = start;
  const check = sameAsFirst();
  const repeat = async (client: Client) => {
    while (sent < atLeast || performance.now() < end) {
      sent++;
      const before = performance.now();
      check(await client.send(request));
      last = performance.now();
      latencies.push(last - before);
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  await Promise.all(clients.map(repeat));
  return { perSecond: latencies.length / ((last - start) / 1000), latencies };
}

/** Connects clients one after the other, each with a moment to be accepted, so that they spread over the workers of a server. */
async function connectAll(port: number, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(await Client.connect(port));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return clients;
}

async function work({ port, request: file, clients: count, warmUp, measure, pause = 0 }: Job): Promise<Measured> {
  const request = readFileSync(file);
  // Each phase has its own connections: a server may close those that wait for the end of a phase.
  const phase = async (wanted: Phase) => {
    const clients = await connectAll(port, count);
    const measured = await run(clients, request, wanted, pause);
    for (const client of clients) client.close();
    return measured;
  };
  await phase(warmUp);
  return phase(measure);
}

if (import.meta.main) {
  process.once('message', (job: Job) => {
    work(job).then(
      (measured) => process.send?.(measured, () => process.exit()),
      (error: Error) => process.send?.({ error: error.message }, () => process.exit(1)),
    );
  });
}
