// Measures the peak memory of the service for a large request.

import { discard, load, prepare } from '../test/support/loader.ts';
import { peakMemory } from '../test/support/process.ts';
import { service, startServer } from '../test/support/servers.ts';
import { workloads } from '../test/support/workloads.ts';

export interface Memory {
  /** The peak resident set size of the process, in bytes. */
  readonly peak: number;
  /** The resident set size before the first request, in bytes. */
  readonly start: number;
  readonly body: number;
  readonly requests: number;
}

/** Sends JSON requests of the workload `wide` to a new process, one at a time. */
export async function measureMemory(requests: number): Promise<Memory> {
  const request = prepare(workloads.wide, 'json');
  const server = await startServer(service());
  try {
    const start = peakMemory(server.pid) ?? Number.NaN;
    await load({
      port: server.port,
      request: request.file,
      clients: 1,
      warmUp: { seconds: 0, atLeast: 0 },
      measure: { seconds: 0, atLeast: requests },
    });
    return { peak: peakMemory(server.pid) ?? Number.NaN, start, body: request.body.length, requests };
  } finally {
    await server.stop();
    discard(request);
  }
}
