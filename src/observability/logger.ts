// The log: JSON lines for programs, readable lines in a terminal.
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** A logger that writes to `output`, which is a terminal if its `isTTY` says so. */
export function createLogger(level: string, output: NodeJS.WritableStream & { isTTY?: boolean }): Logger {
  const readable = () =>
    pretty({ destination: output, translateTime: 'HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true });
  return pino({ level }, output.isTTY ? readable() : output);
}
