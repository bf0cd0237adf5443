// node bench/sizing.ts: how many requests a second of each workload the service answers on this machine, and how much memory that takes.
// docs/operations.md has the table that it prints.
import { availableParallelism } from 'node:os';
import { peakMemory } from '../test/support/process.ts';
import { discard, load, prepare } from './measure.ts';
import { contenders, startServer } from './servers.ts';
import { median, short } from './statistics.ts';
import { type WorkloadName, workloads } from './workloads.ts';

/** As many as keep every core busy, and some that wait. */
const CLIENTS = 4 * availableParallelism();

const mebibytes = (bytes: number) => short(bytes / 2 ** 20);

async function measure(name: WorkloadName, format: 'json' | 'binary'): Promise<string[]> {
  const request = prepare(workloads[name], format);
  // A fresh process each: its peak is that of this workload.
  const server = await startServer(contenders.service, 'threads');
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
