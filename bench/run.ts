// npm run bench: measures the service side by side with its peers, prints how they compare, and writes RESULTS.md. Arguments: the
// parts to measure, by default all: a workload, a workload in one format (wide/binary), under-load, memory, growth; --baseline
// DIR: another checkout of the service, for comparison; --quick: a short, rough run.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type WorkloadName, workloads } from '../test/support/workloads.ts';
import { measureGrowth, plotGrowth } from './growth.ts';
import { describeMachine } from './machine.ts';
import { measureMemory } from './memory.ts';
import { measurePhases } from './phases.ts';
import { ensurePython } from './python.ts';
import { page, type Results } from './report.ts';
import { type Case, type Pace, sweep } from './sweep.ts';
import { measureUnderLoad } from './under-load.ts';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, baseline: { type: 'string' } },
  allowPositionals: true,
});

/** More rounds for small requests: they vary more, and take less time. */
const roundsOf = (workload: WorkloadName) => (workload === 'article' || workload === 'digits' ? 5 : 3);
const pace: Pace = values.quick ? { rounds: () => 1, warmUp: 2, part: 0.3 } : { rounds: roundsOf, warmUp: 10, part: 1 };
const file = (name: string) => join(import.meta.dirname, name);

/** Measurements of the service alone, without peers. */
const alone: { readonly [name: string]: () => Promise<Partial<Results>> } = {
  'under-load': async () => ({ underLoad: await measureUnderLoad(10 * pace.part) }),
  memory: async () => ({ memory: await measureMemory(6) }),
  growth: async () => ({ growth: await measureGrowth(0.6 * pace.part, values.quick ? 2 : 1) }),
};

const all = Object.entries(workloads).flatMap(([workload, { formats }]) =>
  formats.map((format): Case => ({ workload: workload as WorkloadName, format })),
);
const namesOf = ({ workload, format }: Case) => [workload, `${workload}/${format}`];
const known = new Set([...all.flatMap(namesOf), ...Object.keys(alone)]);
for (const name of positionals) if (!known.has(name)) throw new Error(`expected one of ${[...known].join(', ')}, got ${name}`);
const isWanted = (...names: string[]) => positionals.length === 0 || names.some((name) => positionals.includes(name));

const cases = all.filter((item) => isWanted(...namesOf(item)));
ensurePython();
const swept = await sweep(cases, pace, values.baseline && resolve(values.baseline));
const phases = measurePhases(cases, 4 * pace.part);
let results: Results = { machine: describeMachine(), pace, sweep: swept, phases };
for (const [name, measure] of Object.entries(alone)) {
  if (!isWanted(name)) continue;
  console.log(name);
  results = { ...results, ...(await measure()) };
}

console.log(`\n${page(results)}`);
// Only a complete, full-length run replaces the results.
if (positionals.length === 0 && !values.quick) {
  if (results.growth) plotGrowth(results.growth, file('growth.svg'));
  writeFileSync(file('RESULTS.md'), page(results));
  console.log('written: bench/RESULTS.md, bench/growth.svg');
}
