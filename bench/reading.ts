// node bench/reading.ts [CHECKOUT]: measures the time to read arrays of numbers, per number, side by side with another checkout's.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JsonText } from '../src/wire/json-text.ts';
import { Random } from '../test/fuzz/random.ts';
import { short } from '../test/support/statistics.ts';

/** The shortest time counts, as other processes only ever add to it. */
const TIMES = 400;

const random = new Random(1, 0);
const unit = () => random.below(2 ** 32) / 2 ** 32 + random.below(2 ** 21) / 2 ** 53;
const weight = () => (2 * unit() - 1) / 32;
const numbers = (n: number, make: () => number) => Array.from({ length: n }, make);
const matrix = (rows: number, columns: number, make: () => number) => Array.from({ length: rows }, () => numbers(columns, make));

/** The article's lists, and a network of 64-32-10 with 32 samples of an image's pixels, n/16. */
const few = [matrix(3, 2, weight), numbers(3, weight), matrix(2, 3, weight), numbers(2, weight), matrix(2, 2, () => 0.5), [1, 0]];
const pixel = () => Math.max(0, random.below(33) - 16) / 16;
const digits = [matrix(32, 64, weight), numbers(32, weight), matrix(10, 32, weight), numbers(10, weight), matrix(32, 64, pixel)];

const texts: Record<string, string> = {
  'weights, 200 columns': JSON.stringify(matrix(200, 200, weight)),
  'weights, 200 columns, 8 KB': JSON.stringify(matrix(2, 200, weight)),
  'weights, rows of 10': JSON.stringify(matrix(4000, 10, weight)),
  'weights, rows of 10, ", "': JSON.stringify(matrix(4000, 10, weight)).replaceAll(',', ', '),
  'weights, one per line': JSON.stringify(matrix(400, 100, weight), null, 2),
  'short decimals': JSON.stringify(numbers(40_000, () => random.pick([0.5, 12, 0, 1, -0.25, 3.75, 100]))),
  'short decimals, 30 KB': JSON.stringify(numbers(8000, () => random.pick([0.5, 12, 0, 1, -0.25, 3.75, 100]))),
  'single digits': JSON.stringify(numbers(40_000, () => random.below(10))),
  pixels: JSON.stringify(matrix(32, 64, pixel)),
  'with exponents': `[${numbers(10_000, weight).map((value) => value.toExponential())}]`,
  'powers of 2^-30 to 2^30': JSON.stringify(numbers(10_000, () => weight() * 2 ** (random.below(60) - 30))),
  '25 digits': `[${numbers(10_000, weight).map((value) => `${value.toFixed(17)}12345678`)}]`,
  'article (24 numbers)': JSON.stringify(few),
  'digits (4,500 numbers)': JSON.stringify(digits),
};

const limits = { MAX_KEYS: 10, MAX_DEPTH: 10 };

/** A function that reads all arrays of a text, and returns the count of numbers. */
async function readerOf(checkout: string): Promise<(bytes: Buffer) => number> {
  const from = (file: string) => import(`${pathToFileURL(resolve(checkout, 'src', file))}`);
  const { NumberArrays } = (await from('wire/number-arrays.ts')) as typeof import('../src/wire/number-arrays.ts');
  const { Scratch } = (await from('memory/scratch.ts')) as typeof import('../src/memory/scratch.ts');
  const scratch = new Scratch();
  return (bytes) =>
    scratch.recycle(() => {
      const arrays = new NumberArrays(bytes, new JsonText(bytes, limits).endOfNumber, scratch);
      let count = 0;
      // A list of arrays begins with a bracket more than an array.
      let at = bytes.indexOf('[[[') === 0 ? 1 : 0;
      for (; at >= 0 && arrays.read(at); at = bytes.indexOf('[', arrays.end)) count += arrays.data.length;
      return count;
    });
}

const checkouts = ['.', ...process.argv.slice(2)];
const readers = await Promise.all(checkouts.map(readerOf));
for (const [name, text] of Object.entries(texts)) {
  const bytes = Buffer.from(text);
  const repeat = Math.ceil(20_000 / text.length);
  const best = readers.map(() => Number.POSITIVE_INFINITY);
  for (let i = 0; i < TIMES; i++) {
    for (const [k, read] of readers.entries()) {
      let count = 0;
      const before = performance.now();
      for (let j = 0; j < repeat; j++) count += read(bytes);
      best[k] = Math.min(best[k], ((performance.now() - before) * 1e6) / count);
    }
  }
  console.log(`${name.padEnd(28)} ${best.map((ns) => `${short(ns)} ns`.padStart(10)).join('')}`);
}
