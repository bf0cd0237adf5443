// The load generator: a separate process that receives jobs by IPC, one at a time. It shares the machine with the server that it
// measures, so it does as little work as possible: see client.ts.
import { readFileSync } from 'node:fs';
import { type Answer, Client } from './client.ts';
import { type CpuUse, cpuSince, readCpu } from './cpu.ts';

/** How long clients send requests. Each sends its next request when it has the answer to the last one. */
export interface Phase {
  readonly seconds: number;
  /** The least number of requests, even if they take longer. */
  readonly atLeast: number;
}

export interface Job {
  readonly port: number;
  /** The file with the bytes of one request, head and body. */
  readonly request: string;
  readonly clients: number;
  /** Runs before the measurement. */
  readonly warmUp: Phase;
  readonly measure: Phase;
  /** How long each client waits before its next request, in milliseconds. */
  readonly pause?: number;
  /** The process whose CPU time is measured. */
  readonly pid?: number;
}

export interface Measured {
  readonly perSecond: number;
  /** Milliseconds from the start of sending a request to the end of its answer, in the order of arrival. */
  readonly latencies: number[];
  /** CPU time of the job's process, for all requests together. */
  readonly cpu?: CpuUse;
}

/** The largest relative difference in the lengths of answers: the last digits of numbers may differ. */
const TOLERANCE = 0.01;

/** Makes a check of answers: each must have status 200, and the length of the first one. */
function sameAsFirst(): (answer: Answer) => void {
  let expected = -1;
  return ({ status, head, length }) => {
    if (expected < 0 && status === 200) expected = length;
    if (status === 200 && Math.abs(length - expected) <= TOLERANCE * length) return;
    const first = expected < 0 ? '' : `, and ${expected} bytes as in the first answer`;
    throw new Error(`expected status 200 and a length${first}, got ${head}`);
  };
}

/** Lets all clients send requests for a phase, and waits for all answers. */
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

/** Connects clients one by one, with pauses, so that a server's workers share the connections evenly. */
async function connectAll(port: number, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(await Client.connect(port));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return clients;
}

async function work({ port, request: file, clients: count, warmUp, measure, pause = 0, pid }: Job): Promise<Measured> {
  const request = readFileSync(file);
  // Every phase opens new connections: a server may close idle ones between phases.
  const phase = async (wanted: Phase) => {
    const clients = await connectAll(port, count);
    const before = pid === undefined ? undefined : readCpu(pid);
    const measured = await run(clients, request, wanted, pause);
    const cpu = pid !== undefined && before ? cpuSince(pid, before) : undefined;
    for (const client of clients) client.close();
    return { ...measured, ...(cpu && { cpu }) };
  };
  if (warmUp.seconds > 0 || warmUp.atLeast > 0) await phase(warmUp);
  return phase(measure);
}

if (import.meta.main) {
  process.on('disconnect', () => process.exit());
  process.on('message', (job: Job) => {
    work(job).then(
      (measured) => process.send?.(measured),
      (error: Error) => process.send?.({ error: error.message }),
    );
  });
}
