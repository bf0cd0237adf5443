// Starts the server as a process, and reads its log.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export const program = new URL('../src/server.ts', import.meta.url).pathname;

type Line = Record<string, unknown>;

export interface Server {
  readonly process: ChildProcess;
  readonly url: URL;
  readonly port: number;
  /** The lines of the log that are kept, so far. */
  readonly lines: readonly Line[];
  /** Resolves when the log has a line that contains `message`. */
  logged(message: string): Promise<Line>;
  /** The exit code; null if a signal ended it. */
  readonly exit: Promise<number | null>;
}

export interface Start {
  readonly environment?: Record<string, string>;
  /** Of Node. */
  readonly options?: readonly string[];
  /** Which lines of the log are kept; all of them by default. */
  readonly keep?: (line: Line) => boolean;
}

const LISTENING = 'Server listening at ';

/** Starts a server on a free port, or the given one. */
export async function startProcess({ environment = {}, options = [], keep = () => true }: Start = {}): Promise<Server> {
  const child = spawn(process.execPath, [...options, program], {
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text);
    if (!keep(line) && !`${line.msg}`.startsWith(LISTENING)) return;
    lines.push(line);
    for (const look of waiting) look();
  });
  const logged = (message: string) =>
    new Promise<Line>((resolve) => {
      const look = () => {
        const line = lines.find(({ msg }) => `${msg}`.includes(message));
        if (!line) return;
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
    });
  const exit = once(child, 'exit').then(([code]) => code);
  const { msg } = await Promise.race([logged(LISTENING), exit.then((code) => Promise.reject(new Error(`ended with ${code}`)))]);
  const url = new URL(`${msg}`.replace(LISTENING, ''));
  return { process: child, url, port: Number(url.port), lines, logged, exit };
}
