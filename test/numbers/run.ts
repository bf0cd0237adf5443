// npm run numbers: checks the reading and writing of numbers against JavaScript's own functions. `--help` lists the options.
import { parseArgs } from 'node:util';
import type { Checked } from './checked.ts';
import { checkDocuments } from './documents.ts';
import { checkReading } from './reading.ts';
import { checkWriting } from './writing.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000000' },
    hard: { type: 'string', default: '1000000' },
    documents: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `node test/numbers/run.ts [--count 100000000] [--hard 1000000] [--documents 1000000] [--seed 1]
--count N      numbers of the kinds that requests have
--hard N       numbers near ties, subnormal, huge or tiny, of random bits
--documents N  documents that are mutated and compared with JSON.parse`;

/** A line of progress after so many values. */
const STEPS = 10;

/** Runs a check, shows its progress and its result, and returns whether everything was right. */
function run(name: string, count: number, check: (progress: (checked: number) => void) => Checked & { note?: string }): boolean {
  const begin = performance.now();
  let shown = 0;
  const progress = (checked: number) => {
    if (checked < ((shown + 1) * count) / STEPS || checked >= count) return;
    shown = Math.floor((checked * STEPS) / count);
    console.log(`${checked} ${name}`);
  };
  const { checked, mismatches, note = '' } = check(progress);
  for (const mismatch of mismatches) console.log(`MISMATCH: ${mismatch}`);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${checked} ${name} in ${seconds} s, seed ${seed}, ${mismatches.length} mismatches${note}`);
  return mismatches.length === 0;
}

const seed = Number(values.seed);
const share = (part: number, all: number) => `${((100 * part) / all).toFixed(1)} %`;

function documents(count: number, progress: (checked: number) => void): Checked & { note: string } {
  const { checked, mismatches, valid, accepted } = checkDocuments(count, seed, progress);
  const note = `; ${share(valid, checked)} were valid JSON, ${share(accepted, checked)} fitted the schema`;
  return { checked, mismatches: valid * 2 < checked ? [...mismatches, 'less than half was valid JSON'] : mismatches, note };
}

function runAll(): boolean {
  const [count, hard, changed] = [values.count, values.hard, values.documents].map(Number);
  const results = [
    run('numbers read', count + hard, (progress) => checkReading(count, hard, seed, progress)),
    run('numbers written', count + hard, (progress) => checkWriting(count, hard, seed, progress)),
    run('documents read', changed, (progress) => documents(changed, progress)),
  ];
  return results.every((isRight) => isRight);
}

if (values.help) console.log(USAGE);
else process.exitCode = runAll() ? 0 : 1;
