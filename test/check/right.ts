// Right candidates, computed by other code than the service's, in float64 and rounded to float32, are never diagnosed:
// node test/check/right.ts [COUNT]
import { check } from './candidates.ts';
import { randomProblem } from './own.ts';
import { requestOf, run } from './program.ts';

const SEED = 1_000_000;

/** A document with all numbers rounded. */
function rounded(value: unknown, round: (x: number) => number): unknown {
  if (typeof value === 'number') return round(value);
  if (Array.isArray(value)) return value.map((item) => rounded(item, round));
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, rounded(item, round)]));
}

/** The seeds of right candidates that were found to disagree, or diagnosed, of so many. */
export function falseAlarms(count: number): number[] {
  return Array.from({ length: count }, (_, i) => SEED + i).filter((seed) => {
    const p = randomProblem(seed);
    const candidate = rounded(run(p, {}), seed % 2 ? Math.fround : (x) => x);
    const { agrees, diagnoses } = check({ ...requestOf(p), candidate });
    return !agrees || diagnoses.length > 0;
  });
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 10_000);
  const wrong = falseAlarms(count);
  console.log(`${count} right candidates, ${wrong.length} false alarms${wrong.map((seed) => ` ${seed}`).join('')}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
