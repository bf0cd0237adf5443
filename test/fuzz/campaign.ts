// A fuzzing campaign: sends mutants to a running service, checks all answers, and counts them.
import { Agent } from 'node:http';
import { operations } from '../../src/operations/registry.ts';
import type { Service } from '../support/process.ts';
import { type Expectations, examine } from './check.ts';
import { type Answer, exchange, exchangeBytes, type Sent, wireBytes } from './client.ts';
import { goodRequests } from './good.ts';
import { type Mutant, mutant } from './mutant.ts';

/** Limits low enough for mutants to reach them. */
export const settings = {
  RATE_LIMIT: '0',
  LOG_LEVEL: 'info',
  BODY_LIMIT: `${2 ** 20}`,
  MAX_ANSWER: `${2 ** 20}`,
  MAX_MEMORY: `${2 ** 23}`,
  MAX_FLOPS: '5000000',
  MAX_LAYERS: '100',
  MAX_KEYS: '2000',
  MAX_DEPTH: '32',
};

export interface Fault {
  /** Undefined if the fault does not belong to a single mutant. */
  readonly mutant: Mutant | undefined;
  readonly what: readonly string[];
}

export interface Tally {
  readonly outcomes: Map<string, number>;
  good: number;
  sent: number;
  readonly faults: Fault[];
}

export const newTally = (): Tally => ({ outcomes: new Map(), good: 0, sent: 0, faults: [] });

interface Options {
  readonly seed: number;
  readonly count: number;
  /** The number of concurrent connections. */
  readonly connections: number;
  /** A good request is sent after this many mutants on a connection. */
  readonly goodEvery: number;
  /** The campaign stops after this many faults. */
  readonly mostFaults: number;
  readonly progress?: (sent: number) => void;
}

/** The expectations that answers to mutants are checked against. */
export async function expectationsOf({ url }: Service): Promise<Expectations> {
  const document = await (await fetch(new URL('/openapi.json', url))).json();
  const { paths } = document as { paths: Record<string, { post: { responses: object } }> };
  const statusesOf = (name: string) => new Set(Object.keys(paths[`/${name}`].post.responses).map(Number));
  return {
    statuses: new Map(operations.map(({ name }) => [name, statusesOf(name)])),
    maxAnswer: Number(settings.MAX_ANSWER),
  };
}

/** Sends the mutants 0 to count - 1 of a seed. */
export async function campaign(service: Service, options: Options): Promise<Tally> {
  const { seed, count, connections, goodEvery, mostFaults, progress } = options;
  const expected = await expectationsOf(service);
  const linesBefore = service.badLines.length;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const tally = newTally();
  let next = 0;
  const work = async () => {
    while (next < count && tally.faults.length < mostFaults && service.process.exitCode === null) {
      const index = next++;
      if (index % goodEvery === 0) await sendGood(service.url, agent, index / goodEvery, tally);
      await sendMutant(service.url, agent, mutant(seed, index), expected, tally);
      tally.sent++;
      progress?.(tally.sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  await sendGood(service.url, agent, 0, tally);
  agent.destroy();
  const { exitCode, signalCode } = service.process;
  if (exitCode !== null || signalCode !== null) tally.faults.push({ mutant: undefined, what: ['the process has ended'] });
  for (const line of service.badLines.slice(linesBefore))
    tally.faults.push({ mutant: undefined, what: [`the log: ${line.slice(0, 500)}`] });
  return tally;
}

/** Sends one of the good requests. */
export async function sendGood(url: URL, agent: Agent, number: number, tally: Tally): Promise<void> {
  const good = goodRequests[number % goodRequests.length];
  try {
    const answer = await exchange(url, agent, good);
    const what = `good request ${number}: ${answer.status} ${answer.body.toString('latin1', 0, 300)}`;
    if (!good.isRight(answer)) tally.faults.push({ mutant: undefined, what: [what] });
    tally.good++;
  } catch (error) {
    tally.faults.push({ mutant: undefined, what: [`good request ${number}: ${error}`] });
  }
}

/** Sends one mutant, and returns all answers. */
export async function send(url: URL, agent: Agent, sent: Sent): Promise<Answer[]> {
  if (sent.framing === 'length' || sent.framing === 'chunked') return [await exchange(url, agent, sent)];
  return exchangeBytes(url, wireBytes(sent));
}

function count({ outcomes }: Tally, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

async function sendMutant(url: URL, agent: Agent, made: Mutant, expected: Expectations, tally: Tally): Promise<void> {
  const what: string[] = [];
  try {
    const answers = await send(url, agent, made);
    // If Content-Length is too short, the rest of the body is taken for another request.
    for (const answer of answers) {
      const { outcome, faults } = examine(made, answer, expected);
      count(tally, outcome);
      if (answer.status === 200) count(tally, `200 /${made.operation}`);
      what.push(...faults);
    }
    if (answers.length === 0) what.push('no answer');
  } catch (error) {
    // If the connection is closed before a wrong body has been read completely, the answer may be lost.
    if (made.framing === 'length' || made.framing === 'chunked') what.push(`no answer: ${error}`);
    else count(tally, 'closed');
  }
  if (what.length > 0) tally.faults.push({ mutant: made, what });
}
