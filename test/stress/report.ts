// What a stress test has measured, and what was demanded of it.
import { readFileSync } from 'node:fs';

export interface Demand {
  readonly demand: string;
  readonly saw: string;
  readonly met: boolean;
}

/** What a stress test comes to. */
export interface Tested {
  readonly measured: readonly (readonly [what: string, value: string | number])[];
  readonly demands: readonly Demand[];
  /** Of another process, to be shown if a demand is not met. */
  readonly log?: string;
}

/** Prints a table of what was measured, and what was demanded; the process exits with 1 if a demand is not met. */
export function report({ measured, demands, log }: Tested): void {
  const width = Math.max(...measured.map(([what]) => what.length));
  for (const [what, value] of measured) console.log(`${what.padEnd(width)}  ${value}`);
  console.log('');
  for (const { demand, saw, met } of demands) console.log(`${met ? 'met    ' : 'NOT MET'}  ${demand}: ${saw}`);
  if (demands.every(({ met }) => met)) return;
  process.exitCode = 1;
  if (log) console.log(log);
}

/** Faults as a demand that there be none; the first ones are told. */
export function noFaults(demand: string, faults: readonly string[]): Demand {
  return {
    demand,
    saw: [`${faults.length} faults`, ...faults.slice(0, 10).map((fault) => fault.slice(0, 600))].join('\n         '),
    met: faults.length === 0,
  };
}

/** The clock of /proc: so many ticks a second. */
const TICKS = 100;

/** Does something, and says how many cores a process had for itself all the while: fewer than it could use if others took them. */
export async function watchCores<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; cores: number }> {
  const seconds = () => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / TICKS;
  };
  const [before, start] = [seconds(), performance.now()];
  const result = await work();
  return { result, cores: (seconds() - before) / ((performance.now() - start) / 1000) };
}

/** The number after an option of the command line, as in `--seconds 600`. */
export function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (Number.isFinite(value)) return value;
  throw new Error(`expected a number after --${name}, got ${process.argv[at + 1]}`);
}

/** A promise that is rejected if it takes longer than so many milliseconds. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
