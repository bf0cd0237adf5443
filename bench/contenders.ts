// The contenders: the service in several configurations, and its peers.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { launch, type Program, service } from '../test/support/servers.ts';
import type { Format, WorkloadName } from '../test/support/workloads.ts';
import { ensurePython } from './python.ts';

const peers = join(import.meta.dirname, 'peers');
const cores = availableParallelism();

/** A folder with a current PyTorch, from `pip install --target`, to measure beside the system's. */
const newTorch = process.env.BENCH_TORCH;

/** A way to start a server: one process whose products use every core, or a process per core. */
export type Setup = 'threads' | 'workers';

/** The conditions under which a contender is started. */
export interface Circumstances {
  readonly setup: Setup;
  /** The length of the service's answer, for a server that sends that many bytes without computing. */
  readonly answerBytes: number;
  /** The folder of another checkout of the service, for comparison. */
  readonly baseline?: string | undefined;
}

export interface Contender {
  readonly label: string;
  readonly formats: readonly Format[];
  /** The workloads to measure; by default, all workloads in the contender's formats. */
  readonly workloads?: readonly WorkloadName[];
  readonly path: string;
  /** The service and the Node peers have one setup; Python peers are measured in both, and the better one counts. */
  readonly setups: readonly Setup[];
  /** Undefined if there is nothing to start. */
  readonly program: (circumstances: Circumstances) => Omit<Program, 'label'> | undefined;
  /** Whether the answers contain no numbers. */
  readonly isEmpty?: true;
}

export const contenders = {
  service: {
    label: 'this service',
    formats: ['json', 'binary'],
    path: '/gradients',
    setups: ['threads'],
    program: () => service(),
  },
  serviceLogging: {
    label: 'this service, logging',
    formats: ['json'],
    workloads: ['article'],
    path: '/gradients',
    setups: ['threads'],
    program: () => service({ LOG_LEVEL: 'info' }),
  },
  serviceBefore: {
    label: 'this service before',
    formats: ['json', 'binary'],
    path: '/gradients',
    setups: ['threads'],
    program: ({ baseline }) => (baseline === undefined ? undefined : service({}, baseline)),
  },
  fastapi: {
    label: 'FastAPI',
    formats: ['json'],
    workloads: ['mnist', 'deep', 'wide'],
    path: '/gradients',
    setups: ['threads', 'workers'],
    program: ({ setup }) => uvicorn('fastapi_app:app', setup),
  },
  fastapiTuned: {
    label: 'FastAPI, tuned',
    formats: ['json'],
    path: '/gradients-tuned',
    setups: ['threads', 'workers'],
    program: ({ setup }) => uvicorn('fastapi_app:app', setup),
  },
  fastapiNewTorch: {
    label: 'FastAPI, tuned, PyTorch 2',
    formats: ['json'],
    workloads: ['regression', 'mnist', 'deep', 'wide'],
    path: '/gradients-tuned',
    setups: ['threads', 'workers'],
    program: ({ setup }) => (newTorch === undefined ? undefined : uvicorn('fastapi_app:app', setup, newTorch)),
  },
  plainFastify: {
    label: 'plain Fastify',
    formats: ['json'],
    path: '/gradients',
    setups: ['threads'],
    program: () => node('plain-fastify.ts'),
  },
  empty: {
    label: 'an empty Fastify route',
    formats: ['json', 'binary'],
    path: '/gradients',
    setups: ['threads'],
    program: ({ answerBytes }) => node('empty-fastify.ts', { ANSWER_BYTES: `${answerBytes}` }),
    isEmpty: true,
  },
  starlette: {
    label: 'Starlette',
    formats: ['binary'],
    path: '/gradients',
    setups: ['threads', 'workers'],
    program: ({ setup }) => uvicorn('starlette_app:app', setup),
  },
  starletteNewTorch: {
    label: 'Starlette, PyTorch 2',
    formats: ['binary'],
    path: '/gradients',
    setups: ['threads', 'workers'],
    program: ({ setup }) => (newTorch === undefined ? undefined : uvicorn('starlette_app:app', setup, newTorch)),
  },
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

/** The contenders of a workload in a format; the service is the first of them. */
export function contendersOf(workload: WorkloadName, format: Format): ContenderName[] {
  const takesPart = ([, { formats, workloads }]: [string, Contender]) =>
    formats.includes(format) && (workloads?.includes(workload) ?? true);
  return Object.entries(contenders)
    .filter(takesPart)
    .map(([name]) => name as ContenderName);
}

function node(file: string, environment: Record<string, string> = {}): Omit<Program, 'label'> {
  return { start: (port) => launch(process.execPath, [file], peers, { PORT: `${port}`, ...environment }) };
}

function uvicorn(app: string, setup: Setup, torch?: string): Omit<Program, 'label'> {
  const [workers, threads] = setup === 'workers' ? [cores, 1] : [1, cores];
  const args = ['--host', '127.0.0.1', '--workers', `${workers}`, '--loop', 'uvloop', '--http', 'httptools'];
  // PyTorch's own threads, and those of the OpenBLAS that it may be linked to.
  const environment = { TORCH_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}` };
  const python = ensurePython();
  const start = (port: number) =>
    launch(python, ['-m', 'uvicorn', app, '--port', `${port}`, ...args, '--no-access-log', '--log-level', 'warning'], peers, {
      ...environment,
      ...(torch !== undefined && { PYTHONPATH: torch }),
      PYTHONDONTWRITEBYTECODE: '1',
    });
  return { workers, start };
}
