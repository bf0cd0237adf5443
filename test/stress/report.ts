// The report of a stress test: measurements and demands.
import { cpuSince, readCpu } from '../support/cpu.ts';

export interface Demand {
  readonly demand: string;
  readonly saw: string;
  readonly met: boolean;
}

/** The result of a stress test. */
export interface Tested {
  readonly measured: readonly (readonly [what: string, value: string | number])[];
  readonly demands: readonly Demand[];
  /** The log of another process, printed if a demand is not met. */
  readonly log?: string;
}

/** Prints measurements and demands; makes the process exit with 1 if a demand is not met. */
export function report({ measured, demands, log }: Tested): void {
  const width = Math.max(...measured.map(([what]) => what.length));
  for (const [what, value] of measured) console.log(`${what.padEnd(width)}  ${value}`);
  console.log('');
  for (const { demand, saw, met } of demands) console.log(`${met ? 'met    ' : 'NOT MET'}  ${demand}: ${saw}`);
  if (demands.every(({ met }) => met)) return;
  process.exitCode = 1;
  if (log) console.log(log);
}

/** The demand that there are no faults; reports the first ones. */
export function noFaults(demand: string, faults: readonly string[]): Demand {
  return {
    demand,
    saw: [`${faults.length} faults`, ...faults.slice(0, 10).map((fault) => fault.slice(0, 600))].join('\n         '),
    met: faults.length === 0,
  };
}

/** Does some work, and measures how many cores a process had during it: fewer than it could use if other processes took them. */
export async function watchCores<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; cores: number }> {
  const [before, start] = [readCpu(pid), performance.now()];
  const result = await work();
  return { result, cores: cpuSince(pid, before).process / 1e6 / (performance.now() - start) };
}

/** The number after an option of the command line, such as `--seconds 600`. */
export function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (Number.isFinite(value)) return value;
  throw new Error(`expected a number after --${name}, got ${process.argv[at + 1]}`);
}

/** Rejects if a promise takes longer than `ms` milliseconds. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
