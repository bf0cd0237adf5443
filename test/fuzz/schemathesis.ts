// npm run fuzz:api: schemathesis, which makes requests from /openapi.json, against the real process.
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

/** Says which requirements an environment was made from. */
const stamp = join(environment, 'requirements.txt');

/** The interpreter that the tests use. */
export const PYTHON = process.env.PYTHON ?? 'python3';

export function hasSchemathesis(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import schemathesis.openapi'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An interpreter that has schemathesis: the given one, or that of a virtual environment in this folder, made when it is first needed. */
function ensurePython(): string {
  if (hasSchemathesis(PYTHON)) return PYTHON;
  const python = join(environment, 'bin', 'python');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  console.log('making a virtual environment with schemathesis');
  execFileSync(PYTHON, ['-m', 'venv', '--clear', environment], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { stdio: 'inherit' });
  writeFileSync(stamp, wanted);
  return python;
}

/**
 * JSON Schema cannot say that shapes fit together, so much of what fits the schema is answered 422. In place of this check stands
 * `well_formed_is_understood`, see schemathesis_hooks.py. All others are on.
 */
const EXCLUDED = 'positive_data_acceptance';

interface Options {
  readonly seed: number;
  /** How many requests are made for each operation, apart from those for each place of the schema. */
  readonly examples: number;
  readonly phases?: string;
}

export interface Report {
  readonly passed: boolean;
  readonly output: string;
  /** How many answers came, by operation, media type and status. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Runs all checks against a service. */
export async function runSchemathesis(python: string, { url }: Service, options: Options): Promise<Report> {
  const { seed, examples, phases = 'examples,coverage,fuzzing,stateful' } = options;
  // It keeps files where it runs.
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
