// How much memory the service takes at most for a large request.
import { readFileSync } from 'node:fs';
import { discard, load, prepare } from './measure.ts';
import { contenders, startServer } from './servers.ts';
import { workloads } from './workloads.ts';

export interface Memory {
  /** The largest resident size of the process, in bytes. */
  readonly peak: number;
  /** That of the process before the first request. */
  readonly start: number;
  readonly body: number;
  readonly requests: number;
}

/** Sends wide requests in JSON to a fresh process, one after the other. */
export async function measureMemory(requests: number): Promise<Memory> {
  const request = prepare(workloads.wide, 'json');
  const server = await startServer(contenders.service, 'threads');
  try {
    const start = peakOf(server.pid);
    await load({
      port: server.port,
      request: request.file,
      clients: 1,
      warmUp: { seconds: 0, atLeast: 0 },
      measure: { seconds: 0, atLeast: requests },
    });
    return { peak: peakOf(server.pid), start, body: request.body.length, requests };
  } finally {
    await server.stop();
    discard(request);
  }
}

/** The largest resident size that a process has had, as Linux counts it. */
export function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
