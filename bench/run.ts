// npm run bench: measures the service side by side with its peers, prints how they compare, and writes RESULTS.md.
// Arguments: names of workloads, or of one format of them as in wide/binary, for only these; --quick for a rough, short run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureGrowth, plotGrowth } from './growth.ts';
import { describeMachine } from './machine.ts';
import { measureMemory } from './memory.ts';
import { measurePhases } from './phases.ts';
import { ensurePython } from './python.ts';
import { page, type Results } from './report.ts';
import { type Case, sweep } from './sweep.ts';
import { measureUnderLoad } from './under-load.ts';
import { type WorkloadName, workloads } from './workloads.ts';

const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean', default: false } }, allowPositionals: true });
const pace = values.quick ? { rounds: 1, part: 0.3 } : { rounds: 3, part: 1 };
const file = (name: string) => join(import.meta.dirname, name);

/** The cases that the arguments name, or all. */
function chosen(names: readonly string[]): Case[] {
  const all = Object.entries(workloads).flatMap(([workload, { formats }]) =>
    formats.map((format): Case => ({ workload: workload as WorkloadName, format })),
  );
  const isNamed = ({ workload, format }: Case, name: string) => name === workload || name === `${workload}/${format}`;
  for (const name of names)
    if (!all.some((item) => isNamed(item, name)))
      throw new Error(`expected one of ${Object.keys(workloads).join(', ')}, got ${name}`);
  return names.length === 0 ? all : all.filter((item) => names.some((name) => isNamed(item, name)));
}

/** What is measured of the service alone, which only a whole run does. */
async function measureAlone(): Promise<Pick<Results, 'underLoad' | 'memory' | 'growth'>> {
  console.log('small requests beside large ones');
  const underLoad = await measureUnderLoad(10 * pace.part);
  console.log('memory');
  const memory = await measureMemory(6);
  console.log('growth');
  const growth = await measureGrowth(0.6 * pace.part, values.quick ? 2 : 1);
  return { underLoad, memory, growth };
}

const cases = chosen(positionals);
ensurePython();
const swept = await sweep(cases, pace);
const phases = measurePhases(cases, 4 * pace.part);
const alone = positionals.length === 0 ? await measureAlone() : {};
const results: Results = { machine: describeMachine(), pace, sweep: swept, phases, ...alone };

console.log(`\n${page(results)}`);
// A part of a run, or a rough one, does not replace the numbers of a whole one.
if (positionals.length === 0 && !values.quick) {
  if (results.growth) plotGrowth(results.growth, file('growth.svg'));
  writeFileSync(file('RESULTS.md'), page(results));
  console.log('written: bench/RESULTS.md, bench/growth.svg');
}
