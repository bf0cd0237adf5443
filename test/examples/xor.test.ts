// The examples that train: each learns XOR, and reaches the same loss as all others.
import t from 'tap';
import { startService } from '../support/process.ts';
import { run, skipped, trainings } from './programs.ts';

/** The final loss, from an independent computation with the same start, steps and derivatives written by hand. */
const REACHED = 0.002407251993171941;

const service = await startService();
t.teardown(async () => {
  service.process.kill();
  await service.exit;
});
const skips = await Promise.all(trainings.map(skipped));
t.equal(trainings.length, 5);
t.jobs = 2;

for (const program of trainings) {
  t.test(program.file, { buffered: true, skip: skips[trainings.indexOf(program)] }, async (t) => {
    const { code, stdout, stderr } = await run(program, service.url.origin);
    t.equal(code, 0, 'it succeeds', { stderr });
    const losses = [...stdout.matchAll(/^step \d+: loss (.+)$/gm)].map(([, loss]) => Number(loss));
    t.equal(losses.length, 4, 'it says how far it is');
    t.strictSame(
      losses,
      losses.toSorted((a, b) => b - a),
      'the loss falls',
    );
    const reached = Number(/^loss after 200 steps: (.+)$/m.exec(stdout)?.[1]);
    t.ok(Math.abs(reached - REACHED) < 1e-12 * REACHED, `it reaches ${REACHED}: ${reached}`);
    const outputs = [...stdout.matchAll(/^(\d) xor (\d): (.+)$/gm)].map(([, a, b, output]) => [a, b, Math.round(Number(output))]);
    t.strictSame(outputs, [
      ['0', '0', 0],
      ['0', '1', 1],
      ['1', '0', 1],
      ['1', '1', 0],
    ]);
  });
}
