// Clients of every kind, good and bad, that work until they are told to stop, and keep account of what they get.
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Answer, BrokenOff, Client, header } from '../../bench/client.ts';
import { type Format, mediaTypes } from '../../bench/workloads.ts';
import { badRequests } from './bad-requests.ts';
import { within } from './report.ts';
import { type Case, type Packing, packings, type Random } from './requests.ts';

/** What all clients share. */
export interface Traffic {
  readonly port: number;
  readonly cases: readonly Case[];
  /** Whether there is to be another request. */
  goOn(): boolean;
  /** How often each thing has happened. */
  readonly counts: Map<string, number>;
  readonly faults: string[];
  /** Whether an answer may break off, so that it has to be asked for again. */
  readonly mayBreakOff?: boolean;
}

export function count({ counts }: Traffic, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A request that takes longer is lost, in milliseconds. */
const LOST = 60_000;

/** What is counted when an answer breaks off. */
export const BROKEN_OFF = 'answers broken off';

/** How often a request is sent at most until it is not refused any longer. */
const TRIES = 100;

/** A well-formed request as it is sent, and how its answer is to come. */
interface Question {
  readonly wanted: Case;
  readonly body: Buffer;
  readonly head: string;
  readonly id: string;
  readonly accept: Format;
  readonly acceptEncoding: string;
}

/** A client of small requests rests between them for less than this, in milliseconds: there would be nothing else but them. */
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

/** Sends well-formed requests on one connection, each when the last one is answered. Slow ones come in pieces. */
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

/** Writes a request in some pieces, with pauses. */
async function trickle({ socket }: Client, head: string, body: Buffer, random: Random): Promise<void> {
  const all = Buffer.concat([Buffer.from(head), body]);
  const cuts = Array.from({ length: 4 }, () => random.below(all.length)).toSorted((a, b) => a - b);
  for (const [i, end] of [...cuts, all.length].entries()) {
    socket.write(all.subarray(cuts[i - 1] ?? 0, end));
    await wait(random.below(40));
  }
}

/** Sends a request until it is not refused, and checks its answer. */
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

/** @throws Error if an answer is not the right one, to the last bit. */
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
 * Why a request was refused, without the numbers.
 * @throws Error if an answer with 503 is not what it ought to be.
 */
export function checkRefusal(answer: Answer): string {
  const after = header(answer, 'retry-after');
  const { type, detail } = JSON.parse(`${answer.body}`);
  if (type === '/problems/overloaded' && /^[1-9]\d*$/.test(after ?? '')) return detail.replaceAll(/\d+/g, 'N');
  throw new Error(`expected the problem overloaded and a Retry-After, got ${answer.head}\n${answer.body}`);
}

/** Sends requests that have something wrong, and wants each to be told what. */
export async function askBadly(traffic: Traffic, random: Random): Promise<void> {
  while (traffic.goOn()) {
    const bad = random.pick(badRequests);
    count(traffic, 'bad requests');
    const client = await Client.connect(traffic.port, { keepBodies: Infinity });
    try {
      const answer = await within(LOST, 'lost', client.send(...bad.pieces()));
      const { type } = JSON.parse(`${answer.body}`);
      // Of a large one the thread may have been ended, too.
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

/** Goes away at some moment of a request, and takes no answer. */
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
