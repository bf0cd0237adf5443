// The examples by Levenberg and Marquardt: each gets to the loss of SciPy's least_squares.
import t from 'tap';
import { startService } from '../support/process.ts';
import { levenbergs, run, skipped } from './programs.ts';

/** Twice the cost that scipy.optimize.least_squares (1.10, method "lm") reaches from the same start: it minimizes half of the sum. */
const REACHED = 0.20530860204418724;

const service = await startService();
t.teardown(async () => {
  service.process.kill();
  await service.exit;
});
const skips = await Promise.all(levenbergs.map(skipped));
t.equal(levenbergs.length, 3);

for (const program of levenbergs) {
  t.test(program.file, { skip: skips[levenbergs.indexOf(program)] }, async (t) => {
    const { code, stdout, stderr } = await run(program, service.url.origin);
    t.equal(code, 0, 'it succeeds', { stderr });
    const losses = [...stdout.matchAll(/^step \d+: loss (.+)$/gm)].map(([, loss]) => Number(loss));
    t.equal(losses.length, 7, 'in seven requests');
    t.strictSame(
      losses,
      losses.toSorted((a, b) => b - a),
      'the loss falls',
    );
    const reached = Number(/^loss at the end: (.+)$/m.exec(stdout)?.[1]);
    t.ok(Math.abs(reached - REACHED) < 1e-10 * REACHED, `it reaches ${REACHED}: ${reached}`);
  });
}
