// The log: JSON lines for programs, readable lines in a terminal.
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** When so many bytes are waiting, they are written before the end of the turn. */
const MOST_UNWRITTEN_BYTES = 8_192;

/** A stream, or a stream of the file `fd`. */
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly fd?: number };

/** A logger that writes to `output`: readable lines if it is a TTY, otherwise JSON. */
export function createLogger(level: string, output: Output): Logger {
  const readable = () =>
    pretty({ destination: output, translateTime: 'HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true });
  const lines = () => (output.fd === undefined ? output : byTurns(output.fd));
  return pino({ level }, output.isTTY ? readable() : lines());
}

/** Writes the lines of each turn of the event loop with one system call at its end: a call per line takes as long as making the line. */
function byTurns(fd: number): DestinationStream & { flushSync(): void } {
  const file = destination({ dest: fd, sync: true, minLength: MOST_UNWRITTEN_BYTES });
  let isWaiting = false;
  const flush = () => {
    isWaiting = false;
    file.flushSync();
  };
  process.on('exit', flush);
  return {
    // Pino calls it after a fatal line.
    flushSync: flush,
    write(line) {
      file.write(line);
      if (!isWaiting) setImmediate(flush);
      isWaiting = true;
    },
  };
}

/** A logger that discards everything. */
export const silent: Logger = pino({ enabled: false });
