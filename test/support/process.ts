// Runs the service as a process, and reads its log and its memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const program = new URL('../../src/server.ts', import.meta.url).pathname;

/** The program of a worker. */
export const worker = new URL('../../src/worker.ts', import.meta.url).pathname;

export type LogLine = Record<string, unknown>;

export interface Service {
  readonly process: ChildProcess;
  readonly url: URL;
  readonly port: number;
  /** The kept lines of the log so far. */
  readonly lines: readonly LogLine[];
  /** Lines of the log that are not JSON objects, or that have level "error" or worse. */
  readonly badLines: readonly string[];
  /**
   * Resolves to the first kept line, past or future, whose message contains the given text or that satisfies the given function.
   */
  logged(wanted: string | ((line: LogLine) => boolean)): Promise<LogLine>;
  /** The exit code; null if the process was ended by a signal. */
  readonly exit: Promise<number | null>;
}

export interface Start {
  readonly environment?: Record<string, string>;
  /** By default the service. */
  readonly file?: string;
  /** A command that runs Node, such as taskset with its options. */
  readonly before?: readonly string[];
  /** Options of Node. */
  readonly options?: readonly string[];
  /** Which lines of the log to keep; by default all. */
  readonly keep?: (line: LogLine) => boolean;
  /**
   * Whether its coverage is measured, if it ends regularly. By default not: without NODE_OPTIONS, where tap puts what measures it, and
   * with compiled code from a cache, with which coverage would be wrong, it takes half of the CPU to start.
   */
  readonly measured?: boolean;
}

/** Where Node keeps compiled code from one process to the next. */
const COMPILED = join(tmpdir(), `gradients-compiled-${userInfo().username}`);

const LISTENING = 'Server listening at ';

/** Starts the service on a free port, or on the given one. The caller has to end it. */
export async function startService({
  environment = {},
  file = program,
  before = [],
  options = [],
  keep = () => true,
  measured = environment.NODE_OPTIONS !== undefined,
}: Start = {}): Promise<Service> {
  const quick = measured ? [] : ['env', '-u', 'NODE_OPTIONS', `NODE_COMPILE_CACHE=${COMPILED}`];
  const [command, ...args] = [...quick, ...before, process.execPath, ...options, file];
  const child = spawn(command, args, {
    env: { ...process.env, PORT: '0', STORE: join(tmpdir(), `store-${randomUUID()}`), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: LogLine[] = [];
  const badLines: string[] = [];
  const watchers = new Set<(line: LogLine) => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parsed(text);
    if (!line || ['error', 'fatal'].includes(`${line.level}`)) badLines.push(text);
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

/** The resident set size of a process, in bytes; undefined if the system does not report it. */
export const residentMemory = (pid: number) => memoryOf(pid, 'VmRSS');

/** The peak resident set size of a process, in bytes; undefined if the system does not report it. */
export const peakMemory = (pid: number) => memoryOf(pid, 'VmHWM');

function memoryOf(pid: number, what: string): number | undefined {
  try {
    const kibibytes = new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return kibibytes ? Number(kibibytes[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
