// npm test: the type check, lint and format check, and every test with coverage, on every engine. Ends with the line "N passed, N failed".
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { engineNames } from '../schemas/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';

/** What tap prints last: how its assertions went. */
const totals = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?/;

let passed = 0;
let failed = 0;
let skipped = 0;

/** Runs a command, and gives each line that it prints to `show`. */
async function run(command: string, show: (line: string) => void = console.log): Promise<boolean> {
  console.log(`> ${command}`);
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) show(line);
  return (await exit) === 0;
}

/** Runs a command that counts as one test of its own. */
async function check(command: string): Promise<void> {
  if (await run(command)) passed++;
  else failed++;
}

/** Shows, of what tap prints, the result of each file, each failure with its diagnosis, and all that is not TAP. */
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

/** Runs the tests with tap; a failure that is no test's, as of coverage, counts as one. */
async function tap(options: string): Promise<void> {
  const before = failed;
  if (!(await run(`tap --reporter=tap ${options}`, showTap())) && failed === before) failed++;
}

await check('tsc');
// The page is a browser's code.
await check('tsc -p src/page');
await check('biome ci');
// Else tap would notice only while the first tests run that its TypeScript plugin is switched off.
await check('tap build');
const { choice } = chooseEngine('auto');
const complete = choice.name === 'openblas';
if (!complete) console.log('There is no BLAS here: its tests are skipped, and coverage need not be complete.');
await tap(complete ? '' : '--allow-incomplete-coverage');
// What is computed must not depend on the engine.
for (const name of engineNames.filter((name) => name !== choice.name)) {
  process.env.ENGINE = name;
  if (name !== 'openblas') await tap('--disable-coverage test/backprop/*.test.ts test/routes/gradients.test.ts');
}
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
