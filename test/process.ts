// The service as a real process: what its log says, and how much memory it takes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const program = new URL('../src/server.ts', import.meta.url).pathname;

export type LogLine = Record<string, unknown>;

export interface RunningService {
  readonly process: ChildProcess;
  readonly url: URL;
  /** The lines of the log that are no JSON object, or have the level "error" or a worse one. */
  readonly badLines: readonly string[];
  /** Resolves to the first line of the log, from now on or before, that `wanted` holds for. */
  logged(wanted: (line: LogLine) => boolean): Promise<LogLine>;
  /** All lines that have been kept. */
  readonly lines: readonly LogLine[];
  /** The exit code. */
  readonly exit: Promise<number | null>;
}

interface Options {
  readonly environment?: Record<string, string>;
  /** How many lines of the log are kept. */
  readonly keep?: number;
}

/** Starts the service on a free port; whoever starts it ends it. */
export async function startService({ environment = {}, keep = 10_000 }: Options = {}): Promise<RunningService> {
  const child = spawn(process.execPath, [program], {
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
    if (lines.length < keep) lines.push(line);
    for (const watch of watchers) watch(line);
  });
  const logged = (wanted: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve) => {
      const found = lines.find(wanted);
      if (found) return resolve(found);
      const watch = (line: LogLine) => {
        if (!wanted(line)) return;
        watchers.delete(watch);
        resolve(line);
      };
      return watchers.add(watch);
    });
  const exit = once(child, 'exit').then(([code]) => code);
  const started = logged(({ msg }) => `${msg}`.startsWith(LISTENING));
  const line = await Promise.race([started, exit]);
  if (typeof line !== 'object' || line === null) throw new Error(`the service did not start: it exited with ${line}`);
  return { process: child, url: new URL(`${line.msg}`.slice(LISTENING.length)), badLines, logged, lines, exit };
}

const LISTENING = 'Server listening at ';

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
