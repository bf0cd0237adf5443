// npm run fuzz: mutants of well-formed requests against the real process. `--help` lists the options.
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { startService } from '../process.ts';
import { campaign, type Fault, fillKept, send, settings, settledMemory } from './campaign.ts';
import { wireBytes } from './client.ts';
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

/** After so many faults it ends. */
const MOST_FAULTS = 5;

/** How many mutants, of another seed, come before memory is measured first. */
const WARM_UP = 5000;

/** What memory may grow by from the end of the warm-up to the end: a part of it, and so many bytes. */
const GROWTH = 0.1;
const ALLOWANCE = 32 * 2 ** 20;

const MOST_ROUNDS = 50;

const mebibytes = (bytes: number | undefined) => (bytes === undefined ? 'unknown' : `${(bytes / 2 ** 20).toFixed(1)} MiB`);

function show({ mutant, what }: Fault): void {
  const which = mutant ? `seed ${mutant.seed}, index ${mutant.index} (${mutant.story.join(', ')})` : 'the service';
  console.log(`FAULT: ${which}`);
  for (const line of what) console.log(`  ${line}`);
}

async function fuzz(seed: number, count: number, connections: number): Promise<boolean> {
  const service = await startService({ environment: settings, keep: 1 });
  process.on('exit', () => service.process.kill('SIGKILL'));
  const pid = service.process.pid as number;
  const options = { connections, goodEvery: 50, mostFaults: MOST_FAULTS };
  const warm = await campaign(service, { ...options, seed: seed + 2 ** 31, count: Math.min(WARM_UP, count) });
  await fillKept(service);
  const before = await settledMemory(service, 10);
  const begin = performance.now();
  const progress = (sent: number) => sent % 10_000 === 0 && console.log(`${sent} sent`);
  const tally = await campaign(service, { ...options, seed, count, progress });
  const seconds = (performance.now() - begin) / 1000;
  const most = before === undefined ? 0 : before * (1 + GROWTH) + ALLOWANCE;
  const after = await settledMemory(service, MOST_ROUNDS, most);
  const faults = [...warm.faults, ...tally.faults];
  if (before !== undefined && (after ?? 0) > most)
    faults.push({
      mutant: undefined,
      what: [`memory: at most ${mebibytes(most)}, but ${mebibytes(after)} after the good requests`],
    });
  for (const fault of faults) show(fault);
  for (const [outcome, n] of [...tally.outcomes].sort()) console.log(`${`${n}`.padStart(8)}  ${outcome}`);
  console.log(`${tally.sent} mutants and ${tally.good} good requests in ${seconds.toFixed(1)} s, seed ${seed}, process ${pid}`);
  console.log(`memory: ${mebibytes(before)} before, ${mebibytes(after)} after; ${service.badLines.length} bad lines in the log`);
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
