// The log: JSON lines for programs, readable lines in a terminal.
import { writeSync } from 'node:fs';
import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** Lines are written together: after this time, or when there are so many bytes of them. A slow reader is tried again after it. */
const WRITE_MS = 10;
const MOST_UNWRITTEN_BYTES = 8_192;

/** When so many bytes wait for a reader that is slow, further lines are dropped. */
const MOST_WAITING_BYTES = 2 ** 20;

/** A stream, or a stream of the file `fd`. */
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly fd?: number };

/** The lines of this process that the log's reader did not take, because it was too slow or gone. */
export const droppedLines = { count: 0 };

/** A logger that writes to `output`: readable lines if it is a TTY, otherwise JSON. */
export function createLogger(level: string, output: Output): Logger {
  const shaped = output.isTTY ? prettyFactory({ translateTime: 'HH:MM:ss', ignore: 'pid,hostname', singleLine: true }) : same;
  const tell = (dropped: number) =>
    logger.warn({ dropped }, `${dropped} lines of the log were dropped: its reader was too slow or gone`);
  const lines: DestinationStream = output.fd === undefined ? output : new Lines(output.fd, tell);
  const stream = { write: (line: string) => lines.write(shaped(line)), flushSync: () => (lines as Partial<Lines>).flushSync?.() };
  const formatters = { level: (name: string) => ({ level: name }) };
  const logger: Logger = pino({ level, formatters, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return logger;
}

const same = (line: string) => line;

/**
 * Writes many lines with one system call: a call per line takes as long as making the line. A process that is killed loses the lines
 * of the last WRITE_MS; one that ends by itself loses none.
 * Lines that the reader does not take wait for it, up to a limit; beyond that, or if it is gone, they are dropped and counted.
 */
class Lines implements DestinationStream {
  readonly #fd: number;
  readonly #tellDropped: (dropped: number) => void;
  #lines: string[] = [];
  #length = 0;
  /** What the reader has not taken of the lines that were tried last. */
  #rest: Buffer = NOTHING;
  /** Lines dropped since the reader was told. */
  #dropped = 0;
  #next: NodeJS.Timeout | undefined;

  /** `tellDropped` is called with the number of dropped lines when the reader takes lines again. */
  constructor(fd: number, tellDropped: (dropped: number) => void) {
    this.#fd = fd;
    this.#tellDropped = tellDropped;
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    if (this.#length + this.#rest.length > MOST_WAITING_BYTES) {
      this.#drop(1);
      return;
    }
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length > MOST_UNWRITTEN_BYTES && this.#rest.length === 0) this.flushSync();
    this.#flushSoon();
  }

  /** Writes what the reader takes now. Pino calls it after a fatal line. */
  flushSync(): void {
    clearTimeout(this.#next);
    this.#next = undefined;
    let isTaken = true;
    while (isTaken && (this.#rest.length > 0 || this.#length > 0)) isTaken = this.#writeSome();
    if (this.#rest.length > 0) this.#flushSoon();
    const dropped = this.#dropped;
    if (!isTaken || dropped === 0) return;
    this.#dropped = 0;
    this.#tellDropped(dropped);
  }

  #flushSoon(): void {
    this.#next ??= setTimeout(() => this.flushSync(), WRITE_MS).unref();
  }

  /** Returns whether the reader has taken something. */
  #writeSome(): boolean {
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(this.#lines.join(''));
      this.#lines = [];
      this.#length = 0;
    }
    try {
      this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      // The reader is gone, or the disk is full.
      this.#drop(this.#rest.toString().split('\n').length - 1);
      this.#rest = NOTHING;
      return false;
    }
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    droppedLines.count += lines;
  }
}

const NOTHING = Buffer.alloc(0);

/** A logger that discards everything. */
export const silent: Logger = pino({ enabled: false });
