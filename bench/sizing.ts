// node bench/sizing.ts: measures throughput and memory of the service for each workload, and prints the table in
// docs/operations.md.
import { availableParallelism } from 'node:os';
import { discard, load, prepare } from '../test/support/loader.ts';
import { peakMemory } from '../test/support/process.ts';
import { service, startServer } from '../test/support/servers.ts';
import { median, short } from '../test/support/statistics.ts';
import { type WorkloadName, workloads } from '../test/support/workloads.ts';

/** Enough clients to keep every core busy, and some requests waiting. */
const CLIENTS = 4 * availableParallelism();

const mebibytes = (bytes: number) => short(bytes / 2 ** 20);

async function measure(name: WorkloadName, format: 'json' | 'binary'): Promise<string[]> {
  const request = prepare(workloads[name], format);
  // A new process per workload, since the peak memory is that of the process.
  const server = await startServer(service());
  const at = (clients: number) =>
    load({
      port: server.port,
      request: request.file,
      clients,
      warmUp: { seconds: 2, atLeast: clients },
      measure: { seconds: 8, atLeast: 2 * clients },
    });
  try {
    const one = await at(1);
    const many = await at(CLIENTS);
    return [
      name,
      format,
      mebibytes(request.body.length),
      short(median(one.latencies)),
      short(many.perSecond),
      short(median(many.latencies)),
      mebibytes(peakMemory(server.pid) ?? Number.NaN),
    ];
  } finally {
    await server.stop();
    discard(request);
  }
}

const head = ['workload', 'format', 'body, MiB', 'alone, ms', 'requests/s', 'then, ms', 'peak memory, MiB'];
console.log(`${availableParallelism()} cores, ${CLIENTS} clients\n`);
for (const row of [head, head.map(() => '---')]) console.log(`| ${row.join(' | ')} |`);
for (const [name, { formats }] of Object.entries(workloads)) {
  for (const format of formats) console.log(`| ${(await measure(name as WorkloadName, format)).join(' | ')} |`);
}
