// Starts and stops the servers to measure, on loopback: the service, without a log, and its peers.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePorts } from './process.ts';

/** How long a server may take to start, in milliseconds. */
const START_MS = 60_000;

/** How long a server may take to end after SIGTERM, in milliseconds. */
const STOP_MS = 5_000;

/** A server that can be started. */
export interface Program {
  readonly label: string;
  /** The path that it answers with a status below 300 when it is ready; by default /readyz. */
  readonly probe?: string;
  /** The number of processes that share its port; each answers GET /readyz with a different text. */
  readonly workers?: number;
  readonly start: (port: number) => ChildProcess;
}

export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The service, of this checkout or of another one. */
export function service(environment: Record<string, string> = {}, folder = join(import.meta.dirname, '../..')): Program {
  const start = (port: number) =>
    launch(process.execPath, ['src/server.ts'], folder, {
      HOST: '127.0.0.1',
      PORT: `${port}`,
      LOG_LEVEL: 'warn',
      ...environment,
    });
  return { label: 'this service', start };
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) kill(child);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** Starts a server, and waits until all its workers accept requests. */
export async function startServer({ label, probe = '/readyz', workers = 1, start }: Program): Promise<Server> {
  const [port = 0] = await freePorts(1);
  const child = start(port);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  running.add(child);
  try {
    await ready(label, child, `http://127.0.0.1:${port}${probe}`, workers);
  } catch (error) {
    kill(child);
    throw error;
  }
  return {
    port,
    pid: child.pid as number,
    async stop() {
      // A server that ends regularly ends its workers.
      child.kill('SIGTERM');
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, STOP_MS))]);
      kill(child);
      await exited;
      running.delete(child);
    },
  };
}

/** Waits until all workers have answered. */
async function ready(label: string, child: ChildProcess, url: string, workers: number): Promise<void> {
  const seen = new Set<string>();
  const end = performance.now() + START_MS;
  while (seen.size < workers) {
    if (child.exitCode !== null) throw new Error(`${label} ended with ${child.exitCode} before it was ready`);
    if (performance.now() > end) throw new Error(`${label}: ${seen.size} of ${workers} workers are ready after ${START_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
    const response = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined);
    const body = await response?.text();
    if (response?.ok && body !== undefined) seen.add(body);
  }
}

/** Starts a process in a new process group, so that its workers can be ended with it. */
export function launch(command: string, args: string[], cwd: string, environment: Record<string, string>): ChildProcess {
  return spawn(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The process has ended already.
  }
}
