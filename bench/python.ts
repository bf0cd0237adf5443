// The Python of the peers: a virtual environment in this folder, created when it is first needed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const environment = join(folder, '.venv');
const python = join(environment, 'bin', 'python');
const requirements = join(folder, 'requirements.txt');

/** A copy of the requirements from which the environment was created. */
const stamp = join(environment, 'requirements.txt');

/** The path of the Python with the peers' packages and PyTorch. Takes minutes the first time. */
export function ensurePython(): string {
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const base = process.env.BENCH_PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
  console.log('creating the virtual environment of the peers');
  run(base, '-m', 'venv', '--clear', '--system-site-packages', environment);
  pip('-r', requirements);
  if (!hasTorch()) pip('-r', join(folder, 'requirements-torch.txt'));
  writeFileSync(stamp, wanted);
  return python;
}

function hasTorch(): boolean {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function pip(...what: string[]): void {
  run(python, '-m', 'pip', 'install', '--quiet', ...what);
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'inherit' });
}
