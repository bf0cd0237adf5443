// Clients of all kinds, good and bad, which work until they are stopped, and count their results.
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Answer, BrokenOff, Client, header } from '../support/client.ts';
import { type Format, mediaTypes } from '../support/workloads.ts';
import { badRequests } from './bad-requests.ts';
import { within } from './report.ts';
import { type Case, type Packing, packings, type Random } from './requests.ts';

/** State shared by all clients. */
export interface Traffic {
  readonly port: number;
  readonly cases: readonly Case[];
  /** Whether to send another request. */
  goOn(): boolean;
  /** How often each event has happened. */
  readonly counts: Map<string, number>;
  readonly faults: string[];
  /** Whether an answer may break off; then the request is repeated. */
  readonly mayBreakOff?: boolean;
}

export function count({ counts }: Traffic, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A request that takes longer counts as lost, in milliseconds. */
const LOST = 60_000;

/** The counter for answers that broke off. */
export const BROKEN_OFF = 'answers broken off';

/** The most attempts for a request that is refused. */
const TRIES = 100;

/** A well-formed request, with the options of its answer. */
interface Question {
  readonly wanted: Case;
  readonly body: Buffer;
  readonly head: string;
  readonly id: string;
  readonly accept: Format;
  readonly acceptEncoding: string;
}

/** The longest pause of a client between small requests, in milliseconds; without pauses they would displace all others. */
const PAUSE = 10;

let questions = 0;

function draw({ cases }: Traffic, random: Random, size: 'small' | 'large'): Question {
  const wanted = random.pick(cases.filter(({ isLarge }) => isLarge === (size === 'large')));
  const [format, accept] = [random.pick(['json', 'binary'] as const), random.pick(['json', 'binary'] as const)];
  const packing: Packing = random.below(2) === 0 ? '' : random.pick(packings);
  const acceptEncoding = random.below(2) === 0 ? '' : random.pick(['gzip', 'br', 'zstd', 'gzip, zstd;q=0.5', 'identity']);
  const body = wanted.body(format, packing);
  const id = `stress-${questions++}`;
  const head = [
    'POST /gradients HTTP/1.1',
    'Host: 127.0.0.1',
    `Content-Type: ${mediaTypes[format]}`,
    `Accept: ${mediaTypes[accept]}`,
    ...(packing ? [`Content-Encoding: ${packing}`] : []),
    ...(acceptEncoding ? [`Accept-Encoding: ${acceptEncoding}`] : []),
    `X-Request-Id: ${id}`,
    `Content-Length: ${body.length}`,
    '\r\n',
  ].join('\r\n');
  return { wanted, body, head, id, accept, acceptEncoding };
}

/** Sends well-formed requests on one connection, one at a time. Slow clients send them in pieces. */
export async function askWell(
  traffic: Traffic,
  random: Random,
  size: 'small' | 'large',
  pace: 'at once' | 'slowly',
): Promise<void> {
  let client: Client | undefined;
  const send = async ({ head, body }: Question) => {
    const free = client?.isFree ? client : await Client.connect(traffic.port, { keepBodies: Infinity });
    client = free;
    return pace === 'slowly' ? free.answer(() => void trickle(free, head, body, random)) : free.send(head, body);
  };
  while (traffic.goOn()) {
    const question = draw(traffic, random, size);
    count(traffic, `${size}, ${pace}`);
    try {
      await ask(traffic, question, send);
    } catch (error) {
      traffic.faults.push(`${question.id}, ${question.wanted.name}: ${(error as Error).message}`);
      client?.close();
    }
    if (size === 'small') await wait(random.below(PAUSE));
  }
  client?.close();
}

/** Writes a request in pieces, with pauses. */
async function trickle({ socket }: Client, head: string, body: Buffer, random: Random): Promise<void> {
  const all = Buffer.concat([Buffer.from(head), body]);
  const cuts = Array.from({ length: 4 }, () => random.below(all.length)).toSorted((a, b) => a - b);
  for (const [i, end] of [...cuts, all.length].entries()) {
    socket.write(all.subarray(cuts[i - 1] ?? 0, end));
    await wait(random.below(40));
  }
}

/** Repeats a request until it is not refused, and checks its answer. */
async function ask(traffic: Traffic, question: Question, send: (question: Question) => Promise<Answer>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const answer = await within(LOST, 'lost', send(question)).catch((error) => {
      if (!(traffic.mayBreakOff && error instanceof BrokenOff)) throw error;
    });
    if (!answer) {
      count(traffic, BROKEN_OFF);
      continue;
    }
    count(traffic, `answers with ${answer.status}`);
    if (header(answer, 'x-request-id') !== question.id) throw new Error(`expected its X-Request-Id, got ${answer.head}`);
    if (answer.status !== 503) return check(traffic, answer, question);
    count(traffic, `refused: ${checkRefusal(answer)}`);
    await wait(Number(header(answer, 'retry-after')) * 1000);
  }
  throw new Error(`refused ${TRIES} times`);
}

/** @throws Error if an answer differs from the right one in any bit. */
function check(traffic: Traffic, answer: Answer, { wanted, accept, acceptEncoding }: Question): void {
  if (answer.status !== 200) throw new Error(`expected 200, got ${answer.head}\n${answer.body.toString('utf8', 0, 500)}`);
  const type = header(answer, 'content-type');
  if (type !== mediaTypes[accept]) throw new Error(`expected the Content-Type ${mediaTypes[accept]}, got ${type}`);
  const packing = header(answer, 'content-encoding') ?? 'identity';
  count(traffic, `answers packed by ${packing}`);
  const allowed = packing === 'identity' || acceptEncoding.includes(packing);
  if (!allowed) throw new Error(`expected a Content-Encoding of ${acceptEncoding || 'none'}, got ${packing}`);
  const body = unpack[packing]?.(answer.body);
  if (!body?.equals(wanted.answers[accept])) throw new Error(`expected another body, got ${answer.head}`);
}

const unpack: Record<string, (bytes: Buffer) => Buffer> = {
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/**
 * The detail of a refusal, with its numbers replaced by N.
 * @throws Error if an answer with 503 is not as expected.
 */
export function checkRefusal(answer: Answer): string {
  const after = header(answer, 'retry-after');
  const { type, detail } = JSON.parse(`${answer.body}`);
  if (type === '/problems/overloaded' && /^[1-9]\d*$/.test(after ?? '')) return detail.replaceAll(/\d+/g, 'N');
  throw new Error(`expected the problem overloaded and a Retry-After, got ${answer.head}\n${answer.body}`);
}

/** Sends invalid requests, and checks that each problem is reported. */
export async function askBadly(traffic: Traffic, random: Random): Promise<void> {
  while (traffic.goOn()) {
    const bad = random.pick(badRequests);
    count(traffic, 'bad requests');
    const client = await Client.connect(traffic.port, { keepBodies: Infinity });
    try {
      const answer = await within(LOST, 'lost', client.send(...bad.pieces()));
      const { type } = JSON.parse(`${answer.body}`);
      // For a large request, the thread may have been killed.
      if (answer.status === 503) checkRefusal(answer);
      else if (answer.status !== bad.status || type !== `/problems/${bad.type}`)
        throw new Error(`expected ${bad.status} ${bad.type}, got ${answer.head}\n${answer.body}`);
      count(traffic, `problems ${answer.status}`);
    } catch (error) {
      traffic.faults.push(`${bad.name}: ${(error as Error).message}`);
    }
    client.close();
  }
}

const moments = ['in the headers', 'in the body', 'when all is sent', 'while it is computed', 'while the answer comes'] as const;

/** Disconnects at a random moment of a request. */
export async function goAway(traffic: Traffic, random: Random): Promise<void> {
  while (traffic.goOn()) {
    const moment = random.pick(moments);
    const { head, body } = draw(traffic, random, random.below(3) === 0 ? 'small' : 'large');
    const socket = connect(traffic.port, '127.0.0.1');
    count(traffic, `gone ${moment}`);
    const gone = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
    const leave = () => (random.below(2) === 0 ? socket.resetAndDestroy() : socket.destroy());
    if (moment === 'in the headers') socket.write(head.slice(0, random.below(head.length)), leave);
    else {
      socket.write(head);
      socket.write(moment === 'in the body' ? body.subarray(0, random.below(body.length)) : body, () => {
        if (moment === 'in the body' || moment === 'when all is sent') leave();
        else if (moment === 'while it is computed') setTimeout(leave, random.below(30));
      });
      if (moment === 'while the answer comes') socket.once('data', leave);
    }
    await within(LOST, 'lost', gone).catch(({ message }) => traffic.faults.push(`gone ${moment}: ${message}`));
  }
}
