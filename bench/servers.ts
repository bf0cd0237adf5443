// Starts the service and its peers on loopback, and stops them.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { ensurePython } from './python.ts';
import type { Format } from './workloads.ts';

const folder = import.meta.dirname;
const peers = join(folder, 'peers');
const cores = availableParallelism();

/** How long a server may take to start, in milliseconds. */
const START = 60_000;

/** How long a server may take to end by itself, in milliseconds. */
const STOP = 5_000;

/** A way to start a server: one process whose products use every core, or a process per core. */
export type Setup = 'threads' | 'workers';

/** What is measured: the service, or one of its peers. */
export interface Contender {
  readonly label: string;
  readonly formats: readonly Format[];
  readonly path: string;
  /** The service and the peers in Node have one; a peer in Python is measured in each, and the better one counts. */
  readonly setups: readonly Setup[];
  readonly start: (port: number, setup: Setup, environment: Record<string, string>) => ChildProcess;
  /** Whether it answers with nothing but as many bytes as ANSWER_BYTES says. */
  readonly isEmpty?: true;
}

export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export const contenders = {
  service: {
    label: 'this service',
    formats: ['json', 'binary'],
    path: '/gradients',
    setups: ['threads'],
    start: (port, _setup, environment) =>
      launch(process.execPath, ['src/server.ts'], dirname(folder), {
        HOST: '127.0.0.1',
        PORT: `${port}`,
        LOG_LEVEL: 'warn',
        ...environment,
      }),
  },
  fastapi: {
    label: 'FastAPI',
    formats: ['json'],
    path: '/gradients',
    setups: ['threads', 'workers'],
    start: (port, setup) => uvicorn('fastapi_app:app', port, setup),
  },
  fastapiTuned: {
    label: 'FastAPI, tuned',
    formats: ['json'],
    path: '/gradients-tuned',
    setups: ['threads', 'workers'],
    start: (port, setup) => uvicorn('fastapi_app:app', port, setup),
  },
  plainFastify: {
    label: 'plain Fastify',
    formats: ['json'],
    path: '/gradients',
    setups: ['threads'],
    start: (port) => launch(process.execPath, ['plain-fastify.ts'], peers, { PORT: `${port}` }),
  },
  empty: {
    label: 'an empty Fastify route',
    formats: ['json', 'binary'],
    path: '/gradients',
    setups: ['threads'],
    start: (port, _setup, environment) =>
      launch(process.execPath, ['empty-fastify.ts'], peers, { PORT: `${port}`, ...environment }),
    isEmpty: true,
  },
  starlette: {
    label: 'Starlette',
    formats: ['binary'],
    path: '/gradients',
    setups: ['threads', 'workers'],
    start: (port, setup) => uvicorn('starlette_app:app', port, setup),
  },
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) kill(child);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** Starts a server and waits until all its workers take requests. */
export async function startServer(
  { label, start }: Contender,
  setup: Setup,
  environment: Record<string, string> = {},
): Promise<Server> {
  const port = await freePort();
  const child = start(port, setup, environment);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  running.add(child);
  try {
    await ready(label, child, port, setup === 'workers' ? cores : 1);
  } catch (error) {
    kill(child);
    throw error;
  }
  return {
    port,
    pid: child.pid as number,
    async stop() {
      // A server that ends by itself takes its workers with it.
      child.kill('SIGTERM');
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, STOP))]);
      kill(child);
      await exited;
      running.delete(child);
    },
  };
}

/** Waits until so many workers have answered: each peer says which process it is. */
async function ready(label: string, child: ChildProcess, port: number, workers: number): Promise<void> {
  const seen = new Set<string>();
  const end = performance.now() + START;
  while (seen.size < workers) {
    if (child.exitCode !== null) throw new Error(`${label} ended with ${child.exitCode} before it was ready`);
    if (performance.now() > end) throw new Error(`${label}: ${seen.size} of ${workers} workers are ready after ${START} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined);
    const body = await response?.text();
    if (response?.ok && body !== undefined) seen.add(body);
  }
}

function uvicorn(app: string, port: number, setup: Setup): ChildProcess {
  const [workers, threads] = setup === 'workers' ? [cores, 1] : [1, cores];
  const args = ['--host', '127.0.0.1', '--port', `${port}`, '--workers', `${workers}`, '--loop', 'uvloop', '--http', 'httptools'];
  // PyTorch's own threads and those of the OpenBLAS that it may be linked to.
  const environment = { TORCH_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}` };
  return launch(ensurePython(), ['-m', 'uvicorn', app, ...args, '--no-access-log', '--log-level', 'warning'], peers, {
    ...environment,
    PYTHONDONTWRITEBYTECODE: '1',
  });
}

/** Starts a process at the head of a group of its own, so that its workers end with it. */
function launch(command: string, args: string[], cwd: string, environment: Record<string, string>): ChildProcess {
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
    // It has ended by itself.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address instanceof Object ? resolve(address.port) : reject(new Error('expected a TCP port'))));
    });
  });
}
