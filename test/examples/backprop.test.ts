// The tests of backward passes written by hand: a right one passes, and the message about a wrong one names the line.
import t from 'tap';
import { startService } from '../support/process.ts';
import { backprops, run, skipped } from './programs.ts';

/** What each program prints: the mistake that it makes on purpose, with the wrong and the right line, and how many tests passed. */
const printed: Record<string, { readonly mistake: string; readonly wrong: string; readonly passed: RegExp }> = {
  java: { mistake: 'derivative-of-another-activation', wrong: 'dZ = dA * A * (1 - A)  # for tanh', passed: /2 tests successful/ },
  r: { mistake: 'derivative-at-pre-activation', wrong: 'dZ = dA * (1 - Z ** 2)', passed: /FAIL 0 \| WARN 0 \| SKIP 0 \| PASS 2/ },
};

const service = await startService();
t.teardown(async () => {
  service.process.kill();
  await service.exit;
});
const skips = await Promise.all(backprops.map(skipped));
t.equal(backprops.length, Object.keys(printed).length);

for (const program of backprops) {
  t.test(program.file, { skip: skips[backprops.indexOf(program)] }, async (t) => {
    const { code, stdout, stderr } = await run(program, service.url.origin);
    t.equal(code, 0, 'all tests pass', { stdout, stderr });
    const { mistake, wrong, passed } = printed[program.language];
    t.match(stdout, passed);
    t.match(stdout, 'the first wrong array is /candidate/gradients/1/weights');
    t.match(stdout, `${mistake} at /network/layers\n`);
    t.match(stdout, `\n  - ${wrong}\n  + dZ = dA * (1 - A ** 2)\n`);
  });
}

for (const program of backprops) {
  t.test(`${program.file}, without a service`, { skip: skips[backprops.indexOf(program)] }, async (t) => {
    const { code } = await run(program, 'http://127.0.0.1:9', { environment: { GRADIENTS_RETRY_TIME: '0' } });
    t.ok(code, 'a failure is told by the exit status');
  });
}
