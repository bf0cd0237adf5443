// npm run fuzz: sends mutants of well-formed requests to a real process. `--help` lists the options.
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { startService } from '../support/process.ts';
import { campaign, type Fault, send, settings } from './campaign.ts';
import { wireBytes } from './client.ts';
import { collecting, fillKept, type Memory, settledMemory } from './memory.ts';
import { mutant } from './mutant.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    connections: { type: 'string', default: '4' },
    only: { type: 'string' },
    save: { type: 'string', default: 'mutant.bin' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `node test/fuzz/run.ts [--count 100000] [--seed 1] [--connections 4] [--save FILE] [--only INDEX]
--save FILE    where the first mutant with a fault is written: the bytes of its whole request (default mutant.bin)
--only INDEX   sends this one mutant of the seed, writes it to FILE, and shows the answers`;

/** The run stops after this many faults. */
const MOST_FAULTS = 5;

/** The number of mutants, of another seed, before memory is measured first: the heaps of threads grow slowly. */
const WARM_UP = 20_000;

/**
 * Whether memory has grown too much since the end of the warm-up. The limit for the main thread's heap corresponds to a leak of
 * 80 bytes per mutant. The limit for the resident set is higher, since V8 lets the threads' heaps grow to their limits, and
 * malloc returns little memory to the system.
 */
const grownTooMuch = (before: Memory, { resident, heap }: Memory) =>
  heap > before.heap + 8 * MiB || (before.resident !== undefined && (resident ?? 0) > 1.1 * before.resident + 128 * MiB);

const MiB = 2 ** 20;
const mebibytes = (bytes: number | undefined) => (bytes === undefined ? 'unknown' : `${(bytes / MiB).toFixed(1)} MiB`);

function show({ mutant, what }: Fault): void {
  const which = mutant ? `seed ${mutant.seed}, index ${mutant.index} (${mutant.story.join(', ')})` : 'the service';
  console.log(`FAULT: ${which}`);
  for (const line of what) console.log(`  ${line}`);
}

async function fuzz(seed: number, count: number, connections: number): Promise<boolean> {
  const service = await startService({ environment: settings, options: collecting, keep: () => false });
  process.on('exit', () => service.process.kill('SIGKILL'));
  const pid = service.process.pid as number;
  const options = { connections, goodEvery: 50, mostFaults: MOST_FAULTS };
  const warm = await campaign(service, { ...options, seed: seed + 2 ** 31, count: Math.min(WARM_UP, count) });
  await fillKept(service);
  const { memory: before } = await settledMemory(service);
  const begin = performance.now();
  const progress = (sent: number) => sent % 10_000 === 0 && console.log(`${sent} sent`);
  const tally = await campaign(service, { ...options, seed, count, progress });
  const seconds = (performance.now() - begin) / 1000;
  const { memory: after, faults: last } = await settledMemory(service, (it) => !grownTooMuch(before, it));
  const faults = [...warm.faults, ...tally.faults, ...last];
  if (grownTooMuch(before, after)) faults.push({ mutant: undefined, what: ['memory has grown'] });
  if (after.deaths > 0) faults.push({ mutant: undefined, what: [`${after.deaths} threads have come to an end`] });
  for (const fault of faults) show(fault);
  for (const [outcome, n] of [...tally.outcomes].sort()) console.log(`${`${n}`.padStart(8)}  ${outcome}`);
  console.log(`${tally.sent} mutants and ${tally.good} good requests in ${seconds.toFixed(1)} s, seed ${seed}, process ${pid}`);
  console.log(`memory: ${mebibytes(before.resident)} before, ${mebibytes(after.resident)} after`);
  console.log(`the main thread's heap: ${mebibytes(before.heap)} before, ${mebibytes(after.heap)} after`);
  console.log(`${service.badLines.length} bad lines in the log`);
  const found = faults.find(({ mutant }) => mutant)?.mutant;
  if (found) {
    writeFileSync(values.save, wireBytes(found));
    console.log(`the first mutant with a fault is in ${values.save}`);
  }
  return faults.length === 0;
}

async function sendOne(seed: number, index: number): Promise<void> {
  const service = await startService({ environment: settings });
  process.on('exit', () => service.process.kill('SIGKILL'));
  const made = mutant(seed, index);
  writeFileSync(values.save, wireBytes(made));
  console.log(made.story.join(', '), made.headers);
  for (const { status, headers, body } of await send(service.url, new Agent(), made))
    console.log(status, headers, body.toString('latin1', 0, 2000));
  for (const line of service.badLines) console.log(line);
}

if (values.help) console.log(USAGE);
else if (values.only !== undefined) await sendOne(Number(values.seed), Number(values.only));
else process.exitCode = (await fuzz(Number(values.seed), Number(values.count), Number(values.connections))) ? 0 : 1;
process.exit();
