// Measures the peak memory of the service for large requests.

import { discard, load, prepare } from '../test/support/loader.ts';
import { peakMemory } from '../test/support/process.ts';
import { service, startServer } from '../test/support/servers.ts';
import { type Format, type Shape, workloads } from '../test/support/workloads.ts';
import type { memoryTargets } from './targets.ts';

type Name = keyof typeof memoryTargets;

const requests: { readonly [name in Name]: readonly [shape: Shape, format: Format] } = {
  'wide, JSON': [workloads.wide, 'json'],
  'tall with 1,000,000 samples, binary': [{ ...workloads.tall, samples: 1_000_000 }, 'binary'],
};

export interface Memory {
  readonly name: Name;
  /** The peak resident set size of the process, in bytes. */
  readonly peak: number;
  /** The resident set size before the first request, in bytes. */
  readonly start: number;
  readonly body: number;
  readonly requests: number;
}

/** Sends so many requests of each kind to a new process, one at a time. */
export async function measureMemory(times: number): Promise<Memory[]> {
  const measured: Memory[] = [];
  for (const [name, [shape, format]] of Object.entries(requests) as [Name, (typeof requests)[Name]][]) {
    const request = prepare(shape, format);
    const server = await startServer(service({ BODY_LIMIT: `${2 ** 28}` }));
    try {
      const start = peakMemory(server.pid) ?? Number.NaN;
      await load({
        port: server.port,
        request: request.file,
        clients: 1,
        warmUp: { seconds: 0, atLeast: 0 },
        measure: { seconds: 0, atLeast: times },
      });
      measured.push({ name, peak: peakMemory(server.pid) ?? Number.NaN, start, body: request.body.length, requests: times });
    } finally {
      await server.stop();
      discard(request);
    }
  }
  return measured;
}
