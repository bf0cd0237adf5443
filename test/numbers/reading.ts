// Checks numbers read from JSON against Number().
import { Scratch } from '../../src/memory/scratch.ts';
import { JsonText } from '../../src/wire/json-text.ts';
import { NumberArrays } from '../../src/wire/number-arrays.ts';
import { Random } from '../fuzz/random.ts';
import { type Checked, MOST_MISMATCHES } from './checked.ts';
import { commonNumber, hardNumber } from './texts.ts';

/** The numbers in one array. */
const AT_ONCE = 2000;

const limits = { MAX_KEYS: 10, MAX_DEPTH: 10 };

/** The numbers of an array, or undefined if it is refused. */
function read(text: string, scratch: Scratch): Float64Array | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const arrays = new NumberArrays(bytes, new JsonText(bytes, limits).endOfNumber, scratch);
  return arrays.read(0) && arrays.end === bytes.length ? arrays.data : undefined;
}

/**
 * Checks that `common` numbers of the kinds that requests have, and `hard` ones, are read as by Number(). Calls `progress` with the
 * count so far.
 */
export function checkReading(common: number, hard: number, seed: number, progress?: (checked: number) => void): Checked {
  const scratch = new Scratch();
  const mismatches: string[] = [];
  let checked = 0;
  for (let index = 0; checked < common + hard && mismatches.length < MOST_MISMATCHES; index++) {
    const random = new Random(seed, index);
    const left = checked < common ? common - checked : common + hard - checked;
    const make = checked < common ? commonNumber : hardNumber;
    const texts = Array.from({ length: Math.min(left, AT_ONCE) }, () => finite(make, random));
    scratch.recycle(() => {
      const numbers = read(`[${texts.join()}]`, scratch);
      for (let i = 0; i < texts.length; i++)
        if (!Object.is(numbers?.[i], Number(texts[i]))) mismatches.push(`${texts[i]} is read as ${numbers?.[i]}`);
    });
    checked += texts.length;
    progress?.(checked);
  }
  return { checked, mismatches: mismatches.slice(0, MOST_MISMATCHES) };
}

/** A number that is finite in float64. */
function finite(make: (random: Random) => string, random: Random): string {
  for (;;) {
    const text = make(random);
    if (Number.isFinite(Number(text))) return text;
  }
}
