// The load generator, a process of its own that takes one job by IPC. It shares the machine with what it measures, so it does as
// little as it can: raw sockets, requests that lie ready, and of an answer it reads status and length and counts the rest.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

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

/** Heads of answers are shorter than this, in bytes. */
const HEAD = 4096;

/** How far the length of an answer may be from that of the first one: the last digits of numbers may differ. */
const TOLERANCE = 0.01;

/** A keep-alive connection with at most one request in flight. */
class Client {
  readonly #socket: Socket;
  readonly #head = Buffer.alloc(HEAD);
  #headLength = 0;
  /** Bytes of the answer's body still to come; -1 before its head is complete. */
  #left = -1;
  #expected = -1;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(port: number, connected: () => void, failed: (error: Error) => void) {
    const read = { buffer: Buffer.alloc(2 ** 18), callback: (size: number, bytes: Uint8Array) => this.#take(bytes, size) };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: read }, connected);
    const fail = (error: Error) => {
      failed(error);
      this.#settle?.reject(error);
    };
    this.#socket.on('error', fail);
    this.#socket.on('close', () => fail(new Error('the connection was closed before the answer')));
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const client: Client = new Client(port, () => resolve(client), reject);
    });
  }

  /** Sends a request and waits for its whole answer. */
  send(request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#socket.destroyed) reject(new Error('the connection was closed between requests'));
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  /** Takes `size` bytes of an answer; the buffer is used again for the next ones. */
  #take(bytes: Uint8Array, size: number): boolean {
    if (this.#left < 0) {
      this.#head.set(bytes.subarray(0, Math.min(size, HEAD - this.#headLength)), this.#headLength);
      const before = this.#headLength;
      this.#headLength = Math.min(before + size, HEAD);
      const end = this.#head.subarray(0, this.#headLength).indexOf('\r\n\r\n');
      if (end < 0) {
        if (this.#headLength === HEAD) this.#settle?.reject(new Error(`expected a head shorter than ${HEAD} bytes`));
        return true;
      }
      this.#left = this.#bodyLength(this.#head.toString('latin1', 0, end)) - (size - (end + 4 - before));
    } else this.#left -= size;
    if (this.#left === 0) {
      this.#left = -1;
      this.#headLength = 0;
      this.#settle?.resolve();
    }
    return true;
  }

  /** The length that the head of an answer gives, if it is a good answer. */
  #bodyLength(head: string): number {
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    const wrong = head.slice(9, 12) !== '200' || !(Math.abs(length - this.#expected) <= TOLERANCE * length);
    if (this.#expected < 0 && head.slice(9, 12) === '200' && length >= 0) this.#expected = length;
    else if (wrong) {
      const first = this.#expected < 0 ? '' : `, and ${this.#expected} bytes as in the first answer`;
      this.#settle?.reject(new Error(`expected status 200 and a length${first}, got ${head}`));
    }
    return length;
  }
}

/** Lets all clients send for a phase, and waits until every answer is there. */
async function run(clients: Client[], request: Buffer, { seconds, atLeast }: Phase, pause: number): Promise<Measured> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let sent = 0;
  let last = start;
  const repeat = async (client: Client) => {
    while (sent < atLeast || performance.now() < end) {
      sent++;
      const before = performance.now();
      await client.send(request);
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
