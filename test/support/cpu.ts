// The CPU time of a process in nanoseconds, from Linux's schedstat.
import { readdirSync, readFileSync } from 'node:fs';

/** The CPU time of a process so far, in nanoseconds. */
export interface CpuTime {
  readonly mainThread: number;
  /** All threads of the process and of its child processes, by thread id. */
  readonly threads: ReadonlyMap<string, number>;
  /** The same in clock ticks, including threads that have ended. */
  readonly ticks: number;
}

/** The CPU time between two readings, in nanoseconds. */
export interface CpuUse {
  readonly mainThread: number;
  /** All threads of the process and of its child processes. */
  readonly process: number;
}

/** A tick of /proc/PID/stat, in nanoseconds. */
const TICK_NS = 1e7;

/** @throws Error if there is no such process, or if the system has no schedstat. */
export function readCpu(pid: number): CpuTime {
  const threads = new Map<string, number>();
  let ticks = 0;
  for (const id of withChildren(pid)) {
    ticks += ticksOf(id);
    for (const thread of threadsOf(id)) {
      const nanoseconds = ifThere(() => Number(readFileSync(`/proc/${id}/task/${thread}/schedstat`, 'utf8').split(' ')[0]));
      if (nanoseconds !== undefined) threads.set(thread, nanoseconds);
    }
  }
  const mainThread = threads.get(`${pid}`);
  if (mainThread === undefined) throw new Error(`expected /proc/${pid}/task/${pid}/schedstat`);
  return { mainThread, threads, ticks };
}

/** The CPU time of a process since a previous reading. */
export function cpuSince(pid: number, before: CpuTime): CpuUse {
  const after = readCpu(pid);
  const mainThread = after.mainThread - before.mainThread;
  // If a thread has ended, its time is missing in schedstat; the clock ticks include it.
  if ([...before.threads.keys()].some((thread) => !after.threads.has(thread)))
    return { mainThread, process: (after.ticks - before.ticks) * TICK_NS };
  const process = [...after.threads].reduce((sum, [thread, time]) => sum + time - (before.threads.get(thread) ?? 0), 0);
  return { mainThread, process };
}

/** Whether the system reports CPU time in nanoseconds. */
export const hasCpuTime = (): boolean => ifThere(() => readFileSync('/proc/self/schedstat')) !== undefined;

function withChildren(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    (ifThere(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')) ?? '').split(' ').filter(Boolean),
  );
  return [pid, ...children.flatMap((child) => withChildren(Number(child)))];
}

const threadsOf = (pid: number): string[] => ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? [];

/** User and system time of a process, including threads that have ended. */
function ticksOf(pid: number): number {
  const stat = ifThere(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  // The second field is a name in parentheses, which may contain spaces. Fields 14 and 15 are user and system time.
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user) + Number(system);
}

/** The result of `read`; undefined if the file is missing, since threads and processes may end at any time. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
