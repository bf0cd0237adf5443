// npm run fuzz:cost: measures what mutated bodies of 64 KB cost on the event loop, where other requests wait. `--help` lists the options.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { Answerer, type Prepared } from '../../src/operations/answer.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { operations } from '../../src/operations/registry.ts';
import { INLINE_MICROSECONDS, inlineMicroseconds } from '../../src/pool/inline.ts';
import { Refusal } from '../../src/refusal.ts';
import { BODY_BYTES, plainBody } from '../support/odd-bodies.ts';
import { short } from '../support/statistics.ts';
import { mediaTypes } from '../support/workloads.ts';
import { type Costly, costly } from './costly.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    save: { type: 'string', default: 'costly.bin' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `node test/fuzz/cost.ts [--count 10000] [--seed 1] [--save FILE]
--save FILE    where the most expensive body is written (default costly.bin), if it is above the bound`;

/**
 * The most that a body may cost, relative to reading and answering an ordinary one. With HTTP an ordinary one costs five times as much:
 * so a body occupies the event loop for no longer than five ordinary requests of the same size.
 */
const MOST_RATIO = 24;

/** How often a body is answered: the least time counts. More often if it seems too expensive, since the machine does other work. */
const TIMES = 3;
const TIMES_AGAIN = 30;

const { engine } = chooseEngine('auto');
const answerer = new Answerer(operations, engine, limitsOf(readConfig({})));

/** What the pool does on the event loop with a body: reads it, and answers it unless that is left to a thread. */
function answerInline({ format, body }: Omit<Costly, 'story'>): void {
  const mediaType = mediaTypes[format];
  const task = { operation: 'gradients', bytes: new Uint8Array(body), mediaType, answerType: mediaType };
  engine.scratch.recycle(() => {
    try {
      const prepared = answerer.prepare(task, { phases: {} }) as Prepared;
      if (inlineMicroseconds(body.length, prepared.cost, prepared.answerBytes) <= INLINE_MICROSECONDS) prepared.run();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      JSON.stringify(error.refused);
    }
  });
}

/** The least time, in nanoseconds per byte: the work takes nothing but CPU, and clocks of CPU time are too coarse for it. */
function cost(made: Omit<Costly, 'story'>, times: number): number {
  let least = Infinity;
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    answerInline(made);
    least = Math.min(least, performance.now() - begin);
  }
  return (1e6 * least) / BODY_BYTES;
}

function fuzz(seed: number, count: number): boolean {
  const plain = { format: 'json', body: plainBody('json') } as const;
  cost(plain, 500);
  const ordinary = cost(plain, 100);
  const bound = MOST_RATIO * ordinary;
  console.log(`an ordinary body: ${short(ordinary)} ns per byte; at most ${short(bound)}`);
  const worst: { ns: number; index: number; story: string }[] = [];
  for (let index = 0; index < count; index++) {
    const made = costly(seed, index);
    let ns = cost(made, TIMES);
    if (ns > bound) ns = Math.min(ns, cost(made, TIMES_AGAIN));
    worst.push({ ns, index, story: made.story });
    worst.sort((a, b) => b.ns - a.ns).splice(10);
    if ((index + 1) % 1000 === 0) console.log(`${index + 1} bodies; at most ${short((worst[0]?.ns ?? 0) / ordinary)} times`);
  }
  for (const { ns, index, story } of worst) console.log(`${short(ns / ordinary)} times, index ${index}: ${story}`);
  const [{ ns, index }] = worst as [(typeof worst)[0]];
  if (ns <= bound) return true;
  writeFileSync(values.save, costly(seed, index).body);
  console.log(`FAULT: seed ${seed}, index ${index} costs ${short(ns)} ns per byte; it is in ${values.save}`);
  return false;
}

if (values.help) console.log(USAGE);
else process.exitCode = fuzz(Number(values.seed), Number(values.count)) ? 0 : 1;
