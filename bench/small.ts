// node bench/small.ts: measures the time of requests by their size, inline on the event loop and in a thread. The thresholds in
// src/pool/inline.ts come from here.
import { examples } from '../schemas/examples.ts';
import { readConfig } from '../src/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';
import type { Task } from '../src/operations/answer.ts';
import { operations } from '../src/operations/registry.ts';
import { startPool } from '../src/pool/pool.ts';
import { noDatasets } from '../test/support/no-datasets.ts';
import { median, short } from '../test/support/statistics.ts';

const JSON_TYPE = 'application/json';
const TIMES = 2000;

const config = readConfig({ MAX_MEMORY: `${2 ** 30}` });
const module = import.meta.resolve('../src/operations/registry.ts');
const pool = startPool(
  chooseEngine(config.ENGINE),
  { module, operations },
  config,
  {
    error(error: unknown) {
      throw error;
    },
  },
  noDatasets,
);

async function measure(text: string): Promise<void> {
  const times: number[] = [];
  let where = '';
  for (let i = 0; i < TIMES; i++) {
    const bytes = new Uint8Array(Buffer.from(text));
    const task: Task = { operation: 'gradients', bytes, mediaType: JSON_TYPE, answerType: JSON_TYPE };
    const ticket = pool.admit('');
    const before = performance.now();
    const answer = pool.run(task, ticket, { phases: {} }, '');
    where = answer instanceof Promise ? 'in a thread' : 'on the event loop';
    await answer;
    times.push(performance.now() - before);
    ticket.end();
  }
  console.log(`${text.length} bytes, ${where}: ${short(median(times) * 1000)} µs`);
}

const matrix = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(i * columns + j + 1)));

await measure(JSON.stringify(examples.article.request));
for (const width of [8, 12, 18, 26, 38, 46, 48, 54]) {
  const batch = { inputs: matrix(Math.ceil(width / 4), width), targets: matrix(Math.ceil(width / 4), width) };
  await measure(JSON.stringify({ network: { layers: [{ weights: matrix(width, width), activation: 'tanh' }] }, batch }));
}
await pool.close();
