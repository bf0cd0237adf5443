// Sends requests at a fixed rate, whatever happens to them. A separate process with one job by IPC: compare test/support/load.ts.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from '../support/client.ts';
import { checkRefusal } from './traffic.ts';

interface Job {
  readonly port: number;
  /** The file with the bytes of one request. */
  readonly request: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** The most concurrent requests. */
  readonly connections: number;
  /** Whether clients send the body only after 100 Continue, as curl does with large bodies. */
  readonly asksFirst: boolean;
}

export interface Flooded {
  /** The number of requests that were due, and of those that were sent: the others found no free connection. */
  readonly due: number;
  readonly sent: number;
  /** Requests answered with 200: seconds from the start of the flood, and milliseconds from the start of sending. */
  readonly answered: { readonly second: number; readonly ms: number }[];
  /** Requests refused with 503: milliseconds. */
  readonly refused: number[];
  /** All other outcomes, with their numbers. */
  readonly faults: Record<string, number>;
}

/** The number of clients that the service sees, by X-Forwarded-For: one alone may not use all that it has. */
const ADDRESSES = 4;

/** How often the clock is checked, in milliseconds. */
const TICK = 2;

async function flood({ port, request: file, perSecond, seconds, connections, asksFirst }: Job): Promise<Flooded> {
  const request = readFileSync(file);
  const pieces = Array.from({ length: ADDRESSES }, (_, i) => piecesOf(request, `10.0.0.${i}`, asksFirst));
  const free: Client[] = [];
  const result = {
    due: 0,
    sent: 0,
    answered: [] as { second: number; ms: number }[],
    refused: [] as number[],
    faults: {} as Record<string, number>,
  };
  const start = performance.now();
  let busy = 0;
  const send = async ([first, rest]: Buffer[]) => {
    let client = free.pop();
    while (client && !client.isFree) client = free.pop();
    busy++;
    try {
      client ??= await Client.connect(port, { keepBodies: 4096 });
      const before = performance.now();
      let answer = await client.send(first);
      if (answer.status === 100) answer = await client.send(rest);
      const now = performance.now();
      if (answer.status === 200) result.answered.push({ second: (now - start) / 1000, ms: now - before });
      else if (answer.status === 503) {
        checkRefusal(answer);
        result.refused.push(now - before);
      } else throw new Error(`status ${answer.status}`);
      await client.sent;
      if (client.isFree) free.push(client);
    } catch (error) {
      const { message } = error as Error;
      result.faults[message] = (result.faults[message] ?? 0) + 1;
      client?.close();
    }
    busy--;
  };
  const all: Promise<void>[] = [];
  for (let passed = 0; passed < seconds; passed = (performance.now() - start) / 1000) {
    for (; result.due < passed * perSecond; result.due++) {
      if (busy >= connections) continue;
      result.sent++;
      all.push(send(pieces[result.sent % ADDRESSES]));
    }
    await wait(TICK);
  }
  await Promise.all(all);
  for (const client of free) client.close();
  return result;
}

/** A request from an address in the pieces in which it is sent: one, or head and body separately. */
function piecesOf(request: Buffer, address: string, asksFirst: boolean): Buffer[] {
  const end = request.indexOf('\r\n\r\n');
  const expect = asksFirst ? '\r\nExpect: 100-continue' : '';
  const head = Buffer.from(`${request.toString('latin1', 0, end)}\r\nX-Forwarded-For: ${address}${expect}\r\n\r\n`);
  const body = request.subarray(end + 4);
  return asksFirst ? [head, body] : [Buffer.concat([head, body])];
}

/** Floods a server from a separate process. */
export function startFlood(job: Job): Promise<Flooded> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename);
    child.once('error', reject);
    child.once('message', (message: Flooded) => resolve(message));
    child.once('exit', (code) => reject(new Error(`the flood ended with ${code}`)));
    child.send(job);
  });
}

if (import.meta.main) {
  process.once('message', (job: Job) => flood(job).then((flooded) => process.send?.(flooded, () => process.exit())));
}
