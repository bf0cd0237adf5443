// node bench/writing.ts [DIR]: measures how long numbers take to write as JSON, by kind, side by side with JSON.stringify and, given
// another checkout in DIR, with its code.
import { resolve } from 'node:path';
import { formatNumbers, NUMBER_BYTES } from '../src/wire/format-numbers.ts';
import { Random } from '../test/fuzz/random.ts';
import { median, short } from '../test/support/statistics.ts';

/** Enough that the processor cannot learn where the zeros are. */
const COUNT = 50_000;
const COLUMNS = 500;
const ROUNDS = 41;

const random = new Random(20260101, 0);
/** From -1 to 1. */
const uniform = () => (random.below(2 ** 32) + random.below(2 ** 20) / 2 ** 20) / 2 ** 31 - 1;

const kinds: { readonly [name: string]: () => number } = {
  'weights, to 1/32': () => uniform() / 32,
  'gradients, to 1e-5': () => uniform() * 1e-5,
  'gradients, to 5e-7': () => uniform() * 5e-7,
  'gradients, a quarter zeros': () => (random.percent(25) ? 0 : uniform() * 1e-3),
  zeros: () => 0,
  'classes, one in ten': () => (random.percent(10) ? 1 : 0),
  'integers, to 100': () => random.below(201) - 100,
  'three decimals': () => (random.below(2001) - 1000) / 1000,
};

type Format = typeof formatNumbers;
const formats: [name: string, format: Format][] = [['here', formatNumbers]];
const [, , folder] = process.argv;
if (folder !== undefined) {
  const { formatNumbers } = await import(resolve(folder, 'src/wire/format-numbers.ts'));
  formats.push([folder, formatNumbers]);
}

const buffer = Buffer.alloc(COUNT * (NUMBER_BYTES + 3));
console.log('nanoseconds per number:');
for (const [kind, draw] of Object.entries(kinds)) {
  const numbers = Float64Array.from({ length: COUNT }, draw);
  const list = Array.from(numbers);
  const works: [name: string, work: () => unknown][] = [
    ...formats.map(([name, format]): [string, () => unknown] => [name, () => format(numbers, COLUMNS, buffer, 0)]),
    ['JSON.stringify', () => JSON.stringify(list)],
  ];
  const times = works.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++)
    works.forEach(([, work], i) => {
      const start = performance.now();
      work();
      times[i]?.push(((performance.now() - start) * 1e6) / COUNT);
    });
  console.log(`  ${kind}: ${works.map(([name], i) => `${name} ${short(median(times[i] ?? []))}`).join(', ')}`);
}
