// npm run bench:steps: full-batch training on a dataset of the service by the Python client, with the size of scikit-learn's digits
// (1797 x 64, 64-32-10). Steps per second, and the service's CPU for a step beside that of its computation and of a small request.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cpuSince, readCpu } from '../test/support/cpu.ts';
import { load, prepare } from '../test/support/loader.ts';
import { startService } from '../test/support/process.ts';
import { median } from '../test/support/statistics.ts';
import { spread, table, verdict } from '../test/support/table.ts';
import { workloads } from '../test/support/workloads.ts';

const ROUNDS = 5;
const STEPS = 500;
const WARM_UP_SECONDS = 10;

/** Steps per second, and the CPU of a step without that of a small request, in parts of its computation. */
const TARGETS = { perSecond: 250, cpu: 1.25 };

const COMPUTED = /^gradients_phase_duration_seconds_sum\{phase="compute"\} (.*)$/m;

const service = await startService({ keep: () => false });
const pid = service.process.pid as number;
const client = spawn(process.env.PYTHON ?? 'python3', [join(import.meta.dirname, 'steps.py')], {
  env: {
    ...process.env,
    GRADIENTS_URL: service.url.href,
    PYTHONPATH: join(import.meta.dirname, '../clients/python/src'),
    // Its matrices are small: threads would only take time from the service.
    OMP_NUM_THREADS: '1',
  },
  stdio: ['pipe', 'pipe', 'inherit'],
});
process.on('exit', () => {
  service.process.kill();
  client.kill();
});
client.on('exit', (code) => process.exit(code ?? 1));
const answers = createInterface({ input: client.stdout });

/** The seconds of so many steps. */
async function step(count: number): Promise<number> {
  client.stdin.write(`${count}\n`);
  const [line] = await once(answers, 'line');
  return Number(line);
}

async function computedMs(): Promise<number> {
  const text = await (await fetch(new URL('/metrics', service.url))).text();
  return 1000 * Number(COMPUTED.exec(text)?.[1]);
}

/** The milliseconds of CPU that a request of the article costs. */
async function articleMs(): Promise<number> {
  const { file } = prepare(workloads.article, 'json');
  const phase = (seconds: number) => ({ seconds, atLeast: 1 });
  const { cpu, latencies } = await load({
    port: service.port,
    request: file,
    clients: 1,
    pid,
    warmUp: phase(2),
    measure: phase(2),
  });
  return (cpu as { process: number }).process / 1e6 / latencies.length;
}

const warmUntil = performance.now() + WARM_UP_SECONDS * 1000;
while (performance.now() < warmUntil) await step(STEPS);
const rounds: { perSecond: number; cpu: number; computation: number; article: number; ratio: number }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const article = await articleMs();
  const [computed, before] = [await computedMs(), readCpu(pid)];
  const seconds = await step(STEPS);
  const cpu = cpuSince(pid, before).process / 1e6 / STEPS;
  const computation = ((await computedMs()) - computed) / STEPS;
  rounds.push({ perSecond: STEPS / seconds, cpu, computation, article, ratio: (cpu - article) / computation });
}
const of = (key: keyof (typeof rounds)[number]) => rounds.map((round) => round[key]);
console.log(
  table(
    ['per step', 'median and range', 'target', ''],
    [
      [
        'steps per second',
        spread(of('perSecond')),
        `≥ ${TARGETS.perSecond}`,
        verdict(median(of('perSecond')) >= TARGETS.perSecond),
      ],
      ["CPU of the service's process, ms", spread(of('cpu')), '', ''],
      ['computation in the thread, ms', spread(of('computation')), '', ''],
      ['CPU of a small request (the article), ms', spread(of('article')), '', ''],
      [
        'CPU without a small request, over the computation',
        spread(of('ratio')),
        `≤ ${TARGETS.cpu}`,
        verdict(median(of('ratio')) <= TARGETS.cpu),
      ],
    ],
  ),
);
process.exit();
