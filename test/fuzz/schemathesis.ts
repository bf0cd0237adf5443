// npm run fuzz:api: runs schemathesis, which makes requests from /openapi.json, against a real process.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { type Service, startService } from '../support/process.ts';

const folder = import.meta.dirname;
const environment = join(folder, '.venv');
const requirements = join(folder, 'requirements.txt');

/** A copy of the requirements from which the environment was created. */
const stamp = join(environment, 'requirements.txt');

/** The Python interpreter for the tests. */
export const PYTHON = process.env.PYTHON ?? 'python3';

export function hasSchemathesis(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import schemathesis.openapi'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A Python with schemathesis: the given one, or that of a virtual environment in this folder, which is created when first needed.
 */
function ensurePython(): string {
  if (hasSchemathesis(PYTHON)) return PYTHON;
  const python = join(environment, 'bin', 'python');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  console.log('creating a virtual environment with schemathesis');
  execFileSync(PYTHON, ['-m', 'venv', '--clear', environment], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { stdio: 'inherit' });
  writeFileSync(stamp, wanted);
  return python;
}

/**
 * Checks that do not apply. JSON Schema cannot express that shapes must be consistent, so many requests that fit the schema get
 * 422; and the schema does not allow null for optional keys, but the service does. schemathesis_hooks.py replaces these checks by
 * `well_formed_is_understood` and `wrong_is_refused`. All other checks are enabled.
 */
const EXCLUDED = 'positive_data_acceptance,negative_data_rejection';

interface Options {
  readonly seed: number;
  /** The number of requests per operation, in addition to those for each part of the schema. */
  readonly examples: number;
  readonly phases?: string;
}

export interface Report {
  readonly passed: boolean;
  readonly output: string;
  /** The number of answers, by operation, media type and status. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Runs all checks against a service. */
export async function runSchemathesis(python: string, { url }: Service, options: Options): Promise<Report> {
  const { seed, examples, phases = 'examples,coverage,fuzzing,stateful' } = options;
  // schemathesis writes files to the working directory.
  const cwd = mkdtempSync(join(tmpdir(), 'schemathesis-'));
  const args = [
    '-m',
    'schemathesis.cli',
    'run',
    `${new URL('/openapi.json', url)}`,
    '--checks',
    'all',
    '--exclude-checks',
    EXCLUDED,
  ];
  args.push('--seed', `${seed}`, '--max-examples', `${examples}`, '--phases', phases, '--continue-on-failure');
  const child = spawn(python, args, {
    cwd,
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_HOOKS: 'schemathesis_hooks' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  rmSync(cwd, { recursive: true });
  const answers = JSON.parse(/^answers: (.*)$/m.exec(output)?.[1] ?? '{}');
  return { passed: code === 0, output, answers };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { examples: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' } },
  });
  const python = ensurePython();
  const service = await startService({ environment: { RATE_LIMIT: '0' }, keep: () => false });
  process.on('exit', () => service.process.kill('SIGKILL'));
  const options = { seed: Number(values.seed), examples: Number(values.examples) };
  const { passed, output, answers } = await runSchemathesis(python, service, options);
  console.log(output.replace(/^answers: .*\n/m, ''));
  for (const [what, n] of Object.entries(answers)) console.log(`${`${n}`.padStart(8)}  ${what}`);
  for (const line of service.badLines) console.log(`the log: ${line}`);
  process.exitCode = passed && service.badLines.length === 0 ? 0 : 1;
  service.process.kill();
}

if (import.meta.main) await main();
