// The service as a real process: what its log says, and how much memory it takes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export const program = new URL('../../src/server.ts', import.meta.url).pathname;

export type LogLine = Record<string, unknown>;

export interface Service {
  readonly process: ChildProcess;
  readonly url: URL;
  readonly port: number;
  /** The lines of the log that are kept, so far. */
  readonly lines: readonly LogLine[];
  /** The lines of the log that are no JSON object, or have the level "error" or a worse one. */
  readonly badLines: readonly string[];
  /** Resolves to the first line of the log, kept or yet to come, whose message contains the given one, or for which the given function holds. */
  logged(wanted: string | ((line: LogLine) => boolean)): Promise<LogLine>;
  /** The exit code; null if a signal ended it. */
  readonly exit: Promise<number | null>;
}

export interface Start {
  readonly environment?: Record<string, string>;
  /** Of Node. */
  readonly options?: readonly string[];
  /** Which lines of the log are kept; all of them by default. */
  readonly keep?: (line: LogLine) => boolean;
}

const LISTENING = 'Server listening at ';

/** Starts the service on a free port, or the given one; whoever starts it ends it. */
export async function startService({ environment = {}, options = [], keep = () => true }: Start = {}): Promise<Service> {
  const child = spawn(process.execPath, [...options, program], {
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: LogLine[] = [];
  const badLines: string[] = [];
  const watchers = new Set<(line: LogLine) => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parsed(text);
    if (!line || Number(line.level) >= 50) badLines.push(text);
    if (!line) return;
    if (keep(line)) lines.push(line);
    for (const watch of watchers) watch(line);
  });
  const logged = (wanted: string | ((line: LogLine) => boolean)) =>
    new Promise<LogLine>((resolve) => {
      const fits = typeof wanted === 'string' ? ({ msg }: LogLine) => `${msg}`.includes(wanted) : wanted;
      const found = lines.find(fits);
      if (found) return resolve(found);
      const watch = (line: LogLine) => {
        if (!fits(line)) return;
        watchers.delete(watch);
        resolve(line);
      };
      return watchers.add(watch);
    });
  const exit = once(child, 'exit').then(([code]) => code);
  const { msg } = await Promise.race([logged(LISTENING), exit.then((code) => Promise.reject(new Error(`ended with ${code}`)))]);
  const url = new URL(`${msg}`.replace(LISTENING, ''));
  return { process: child, url, port: Number(url.port), lines, badLines, logged, exit };
}

function parsed(text: string): LogLine | undefined {
  try {
    const value = JSON.parse(text);
    return value instanceof Object ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The memory that a process takes, in bytes; undefined where the system does not say. */
export const residentMemory = (pid: number) => memoryOf(pid, 'VmRSS');

/** The most memory that a process ever took, in bytes; undefined where the system does not say. */
export const peakMemory = (pid: number) => memoryOf(pid, 'VmHWM');

function memoryOf(pid: number, what: string): number | undefined {
  try {
    const kibibytes = new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return kibibytes ? Number(kibibytes[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}
