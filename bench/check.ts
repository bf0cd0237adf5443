// npm run bench:check: compares the time of whole requests to /check, of right and wrong candidates, with that to /gradients.

import { map, sum0, times } from '../test/check/numpy.ts';
import { df, type Lines, problem, requestOf, run } from '../test/check/program.ts';
import { startService } from '../test/support/process.ts';
import { median } from '../test/support/statistics.ts';
import { table } from '../test/support/table.ts';

/** How many times as long as /gradients a check may take. */
const MOST = 60;

const networks: readonly [widths: number[], samples: number, rounds: number][] = [
  [[2, 3, 3, 2], 2, 200],
  [[64, 32, 10], 32, 40],
  [[784, 128, 10], 64, 8],
];
const candidates: Record<string, Partial<Lines>> = {
  right: {},
  'bias averaged': { db: ({ dZ }) => sum0(dZ).map((x) => x / dZ.length) },
  'slope at z': {
    dZ: ({ dA, k, Z, p }) =>
      p.activations[k] === 'identity'
        ? dA
        : times(
            dA,
            map(Z[k], (z) => 1 - z * z),
          ),
  },
  unknown: {
    dZ: ({ dA, k, Z, p }) =>
      times(
        dA,
        map(Z[k], (z, i, j) => df[p.activations[k]](z) + Math.cos(i + 2 * j) / 10),
      ),
  },
};

const service = await startService({ keep: () => false });
process.on('exit', () => service.process.kill());

/** The median time of a request, in milliseconds; the first quarter warms up. */
async function measure(path: string, document: object, rounds: number): Promise<number> {
  const body = JSON.stringify(document);
  const durations: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    const response = await fetch(new URL(path, service.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const answer = await response.text();
    if (response.status !== 200) throw new Error(answer);
    durations.push(performance.now() - start);
  }
  return median(durations.slice(rounds / 4));
}

const rows: string[][] = [];
let most = 0;
for (const [widths, samples, rounds] of networks)
  for (const activation of ['tanh', 'relu', 'softplus'])
    for (const loss of ['mse', 'cross_entropy']) {
      const random = problem(7, widths, [...widths.slice(2).map(() => activation), 'identity'], loss, { samples });
      // Pre-activations of the size of 1, whatever the width.
      const p = { ...random, W: random.W.map((W) => map(W, (w) => w / Math.sqrt(W[0].length))) };
      const durations: number[] = [];
      for (const lines of Object.values(candidates))
        durations.push(await measure('/check', { ...requestOf(p), candidate: { gradients: run(p, lines).gradients } }, rounds));
      // At last, when everything is compiled: that makes the ratios as large as they get.
      const base = await measure('/gradients', requestOf(p), rounds);
      for (const [i, name] of Object.keys(candidates).entries()) {
        const duration = durations[i];
        most = Math.max(most, duration / base);
        rows.push([
          widths.join('-'),
          activation,
          loss,
          name,
          ...[base, duration].map((ms) => ms.toFixed(2)),
          (duration / base).toFixed(1),
        ]);
      }
    }
console.log(table(['network', 'activation', 'loss', 'candidate', '/gradients, ms', '/check, ms', 'ratio'], rows));
console.log(`\nat most ${most.toFixed(1)} times as long; ${MOST} are allowed`);
if (most > MOST) process.exitCode = 1;
process.exit();
