// How much memory the service takes at most for a large request.
import { peakMemory } from '../test/support/process.ts';
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
