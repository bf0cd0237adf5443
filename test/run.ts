// npm test: type check, lint, format check, and all tests with coverage on every engine. The last line is "N passed, N failed".
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { engineNames } from '../schemas/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';

/** The last line of tap: the totals of its assertions. */
const totals = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?/;

let passed = 0;
let failed = 0;
let skipped = 0;

/** Runs a command, and passes each line of its output to `show`. */
async function run(command: string, show: (line: string) => void = console.log): Promise<boolean> {
  console.log(`> ${command}`);
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) show(line);
  return (await exit) === 0;
}

/** Runs a command that counts as one test. */
async function check(command: string): Promise<void> {
  if (await run(command)) passed++;
  else failed++;
}

/** Prints the parts of tap's output that matter: results of files, failures with diagnosis, and lines that are not TAP. */
function showTap(): (line: string) => void {
  let diagnosis = false;
  return (line) => {
    const counts = totals.exec(line);
    if (counts) {
      passed += Number(counts[1] ?? 0);
      failed += Number(counts[2] ?? 0);
      skipped += Number(counts[3] ?? 0);
    } else if (/^\s*(not )?ok \d+/.test(line)) {
      diagnosis = /^\s*not ok/.test(line);
      if (diagnosis || /^ok/.test(line) || /# SKIP/.test(line)) console.log(line);
    } else if (diagnosis || /^(?!\s|# Subtest|TAP|1\.\.)./.test(line) || line.includes(' | ')) console.log(line);
  };
}

/** Runs the tests with tap. A failure that belongs to no test, such as missing coverage, counts as one. */
async function tap(options: string): Promise<void> {
  const before = failed;
  if (!(await run(`tap --reporter=tap ${options}`, showTap())) && failed === before) failed++;
}

await Promise.all([
  check('tsc'),
  // The page is compiled separately, as browser code.
  check('tsc -p src/page'),
  check('biome ci'),
  // Otherwise tap would notice only during the first tests that its TypeScript plugin is disabled.
  check('tap build'),
]);
const { choice } = chooseEngine('auto');
const complete = choice.name === 'openblas';
if (!complete) console.log('There is no BLAS here: its tests are skipped, and coverage need not be complete.');
await tap(complete ? '' : '--allow-incomplete-coverage');
// Results must not depend on the engine.
for (const name of engineNames.filter((name) => name !== choice.name)) {
  process.env.ENGINE = name;
  if (name !== 'openblas') await tap('--disable-coverage test/backprop/*.test.ts test/routes/gradients.test.ts');
}
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
