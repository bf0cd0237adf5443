// A minimal client on a raw socket. It shares the machine with the service that it measures, so it does as little work as
// possible: requests are bytes prepared in advance; of an answer it parses the head, and only counts the bytes of the body,
// unless it is told to keep them.
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  /** The length of the body. */
  readonly length: number;
  /** Empty if the body is longer than the client keeps. */
  readonly body: Buffer;
}

/** An answer with a complete head, and the length of its body so far. */
type Begun = Pick<Answer, 'status' | 'head'> & { length: number };

/** The most bytes of an answer's head. */
const HEAD = 4096;

/** The value of a header; the name is in lower case. */
export function header({ head }: Pick<Answer, 'head'>, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];
}

/** The connection was closed in the middle of an answer. */
export class BrokenOff extends Error {
  override readonly message = 'the connection was closed in the middle of the answer';
}

/** A keep-alive connection with at most one request in flight. */
export class Client {
  readonly socket: Socket;
  readonly #keeps: number;
  readonly #head = Buffer.alloc(HEAD);
  #headLength = 0;
  /** The answer being received, once its head is complete. */
  #answer: Begun | undefined;
  /** The body so far, if it is kept. */
  #pieces: Buffer[] = [];
  /** Consumes bytes of the body. */
  #body: BodyReader | undefined;
  #settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #sending = false;
  #sent = Promise.resolve();

  private constructor(port: number, keeps: number, connected: () => void, failed: (error: Error) => void) {
    this.#keeps = keeps;
    const read = { buffer: Buffer.alloc(2 ** 18), callback: (size: number, bytes: Uint8Array) => this.#take(bytes, size) };
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: read }, connected);
    const fail = (error: Error) => {
      failed(error);
      this.#settle?.reject(error);
    };
    this.socket.on('error', fail);
    this.socket.on('close', () =>
      fail(this.#answer ? new BrokenOff() : new Error('the connection was closed before the answer')),
    );
  }

  /** Connects a client that keeps bodies of up to `keepBodies` bytes. */
  static connect(port: number, { keepBodies = 0 } = {}): Promise<Client> {
    return new Promise((resolve, reject) => {
      const client: Client = new Client(port, keepBodies, () => resolve(client), reject);
    });
  }

  /** Whether the connection can take another request: the last one has been sent and answered, and the connection is open. */
  get isFree(): boolean {
    return !(this.socket.destroyed || this.socket.readableEnded || this.#sending || this.#settle);
  }

  /** Sends a request in pieces, and waits for the whole answer, which may arrive before everything has been sent. */
  send(...pieces: (Buffer | string)[]): Promise<Answer> {
    return this.answer(() => {
      this.#sending = true;
      this.socket.cork();
      for (const piece of pieces) this.socket.write(piece);
      this.#sent = new Promise((resolve) => {
        this.socket.write('', () => {
          this.#sending = false;
          resolve();
        });
      });
      this.socket.uncork();
    });
  }

  /** Resolves when the last request has been sent completely, or sending it has failed. */
  get sent(): Promise<void> {
    return this.#sent;
  }

  /** Calls `write`, which writes a request to the socket, and waits for the answer. */
  answer(write: () => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.socket.destroyed) reject(new Error('the connection was closed between requests'));
      else write();
    });
  }

  close(): void {
    this.#settle = undefined;
    this.socket.destroy();
  }

  /** Consumes `size` bytes of an answer; the buffer is reused afterwards. */
  #take(bytes: Uint8Array, size: number): boolean {
    if (this.#answer) this.#takeBody(bytes.subarray(0, size));
    else this.#takeHead(bytes, size);
    return true;
  }

  #takeHead(bytes: Uint8Array, size: number): void {
    this.#head.set(bytes.subarray(0, Math.min(size, HEAD - this.#headLength)), this.#headLength);
    const before = this.#headLength;
    this.#headLength = Math.min(before + size, HEAD);
    const end = this.#head.subarray(0, this.#headLength).indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#headLength === HEAD) this.#settle?.reject(new Error(`expected a head shorter than ${HEAD} bytes`));
      return;
    }
    const head = this.#head.toString('latin1', 0, end);
    this.#headLength = 0;
    this.#answer = { status: Number(head.slice(9, 12)), head, length: 0 };
    // 100 Continue has no body, and asks for that of the request.
    const length = this.#answer.status === 100 ? '0' : header({ head }, 'content-length');
    if (header({ head }, 'transfer-encoding') === 'chunked') this.#body = chunks();
    else if (length) this.#body = plain(Number(length));
    else this.#settle?.reject(new Error(`expected a Content-Length, got ${head}`));
    this.#takeBody(bytes.subarray(end + 4 - before, size));
  }

  #takeBody(bytes: Uint8Array): void {
    const answer = this.#answer as Begun;
    const isComplete = this.#body?.(bytes, (piece) => {
      answer.length += piece.length;
      if (answer.length <= this.#keeps) this.#pieces.push(Buffer.from(piece));
      else this.#pieces = [];
    });
    if (!isComplete) return;
    const body = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#answer = undefined;
    const settle = this.#settle;
    this.#settle = undefined;
    if (header(answer, 'connection')?.toLowerCase() === 'close') this.socket.destroy();
    settle?.resolve({ ...answer, body });
  }
}

/** Passes the body's bytes to `give`, and returns whether the body is complete. */
type BodyReader = (bytes: Uint8Array, give: (piece: Uint8Array) => void) => boolean;

function plain(length: number): BodyReader {
  let left = length;
  return (bytes, give) => {
    left -= bytes.length;
    if (bytes.length > 0) give(bytes);
    return left === 0;
  };
}

/** Decodes the chunked transfer coding: hexadecimal length, line break, data, line break; until the length 0. */
function chunks(): BodyReader {
  let line = '';
  let left = 0;
  let isLast = false;
  return (bytes, give) => {
    let at = 0;
    while (at < bytes.length) {
      if (left > 0) {
        const piece = bytes.subarray(at, at + left);
        give(piece);
        left -= piece.length;
        at += piece.length;
        continue;
      }
      line += String.fromCharCode(bytes[at++] as number);
      if (!line.endsWith('\r\n')) continue;
      // Each chunk ends with a line break too; an empty line ends the body only after the last chunk.
      if (line === '\r\n' && isLast) return true;
      if (line !== '\r\n') {
        left = Number.parseInt(line, 16);
        isLast = left === 0;
      }
      line = '';
    }
    return false;
  };
}
