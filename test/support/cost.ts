// Measures the cost of bodies: the CPU time of the service per body, relative to that for an ordinary body of the same size.
import { Client } from './client.ts';
import { cpuSince, readCpu } from './cpu.ts';
import { type OddBody, oddBodies, plainBody } from './odd-bodies.ts';
import { service, startServer } from './servers.ts';
import { median, short } from './statistics.ts';
import { spread, table, verdict } from './table.ts';
import { type Format, mediaTypes } from './workloads.ts';

/** The most that an unusual body may cost, relative to an ordinary one. */
export const COST_FACTOR = 2;

/** The number of rounds, and how often each body is sent in each of them; ordinary bodies are sent in between. */
const ROUNDS = 5;
const BODIES = 12;
const PLAIN_BODIES = 4;

/** The number of bodies of each kind, and of ordinary bodies, that are sent before the measurement. */
const WARM_UP = 20;
const PLAIN_WARM_UP = 500;

/** The number of bodies sent before each measurement, when the kind changes. */
const SETTLE = 2;

export interface Cost {
  readonly kind: OddBody;
  /** The statuses of all answers. */
  readonly statuses: Set<number>;
  /** Per round: CPU time per body in milliseconds, and its ratio to that of an ordinary body. */
  readonly milliseconds: number[];
  readonly ratios: number[];
}

/** Sends all unusual bodies to a separate, otherwise idle process. */
export async function measureCosts(): Promise<Cost[]> {
  // No coverage in the process: counting covered lines slows down some code more than other.
  const server = await startServer(service({ _TAPJS_PROCESSINFO_COVERAGE_: '0', NODE_V8_COVERAGE: '' }));
  const plain = { json: kindOf('json'), binary: kindOf('binary') };
  // Ordinary bodies are measured as well: their ratios show the precision of the measurement.
  const costs = [...Object.values(plain), ...oddBodies].map(
    (kind): Cost => ({ kind, statuses: new Set(), milliseconds: [], ratios: [] }),
  );
  const send = sender(server.port);
  const timed = async (kind: OddBody, times: number) => {
    // Lets the garbage of the previous kind be collected before the measurement.
    await send(kind, SETTLE);
    const before = readCpu(server.pid);
    const answered = await send(kind, times);
    return { each: cpuSince(server.pid, before).process / 1e6 / times, answered };
  };
  try {
    for (const kind of Object.values(plain)) await send(kind, PLAIN_WARM_UP);
    for (const { kind } of costs) await send(kind, WARM_UP);
    for (let round = 0; round < ROUNDS; round++) {
      const plainTimes: Record<Format, number[]> = { json: [], binary: [] };
      for (const { kind, statuses, milliseconds } of costs) {
        plainTimes[kind.format].push((await timed(plain[kind.format], PLAIN_BODIES)).each);
        const { each, answered } = await timed(kind, BODIES);
        milliseconds.push(each);
        for (const status of answered) statuses.add(status);
      }
      for (const { kind, milliseconds, ratios } of costs)
        ratios.push((milliseconds[round] as number) / mean(plainTimes[kind.format]));
    }
    return costs;
  } finally {
    send.close();
    await server.stop();
  }
}

const kindOf = (format: Format): OddBody => ({ name: `plain (${format})`, format, status: 200, body: plainBody(format) });

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Sends a body several times, one after another, and returns the statuses of the answers. */
function sender(port: number) {
  let client: Client | undefined;
  const send = async ({ format, body }: OddBody, times: number): Promise<number[]> => {
    const type = mediaTypes[format];
    const head = `POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nAccept: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const request = Buffer.concat([Buffer.from(head), body]);
    const statuses: number[] = [];
    for (let i = 0; i < times; i++) {
      if (!client?.isFree) client = await Client.connect(port);
      statuses.push((await client.send(request)).status);
      await client.sent;
    }
    return statuses;
  };
  return Object.assign(send, { close: () => client?.close() });
}

/** Whether a body costs no more than allowed. */
export const isWithin = ({ ratios }: Cost): boolean => median(ratios) <= COST_FACTOR;

/**
 * The bodies that may cost more than COST_FACTOR, and their bounds: thousands of layers, which are computed one after another, or
 * of tensors, which have to be described. In a test, other threads and a cold start change the ratios by up to half.
 */
const COSTLY: Readonly<Record<string, number>> = {
  'tiny layers': 20,
  'tiny layers with biases and activations': 7,
  'a tensor a layer (safetensors)': 6,
  'layers without the first ones (safetensors)': 5,
  'metadata of many strings (safetensors)': 5,
};

/**
 * The bound in a test, during which the machine does other work, too. Bodies with thousands of errors cost up to three times an
 * ordinary one: numbers are read by SIMD, errors are described by JavaScript.
 */
export const boundOf = ({ kind }: Cost): number => COSTLY[kind.name] ?? 2 * COST_FACTOR;

/** All costs, the largest first. */
export function costTable(costs: readonly Cost[]): string {
  const rows = costs
    .toSorted((a, b) => median(b.ratios) - median(a.ratios))
    .map((cost) => [
      cost.kind.name,
      [...cost.statuses].join(', '),
      short(median(cost.milliseconds)),
      spread(cost.ratios, '×'),
      verdict(isWithin(cost)),
    ]);
  return table(['a body of 64 KB', 'status', 'CPU, ms', 'over a plain one', `≤ ${COST_FACTOR}×`], rows);
}
