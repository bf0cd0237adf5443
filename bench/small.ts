// node bench/small.ts: what a request takes, by its size, on the event loop and, from some size on, in a thread. The threshold in src/pool/
// comes from here.
import { examples } from '../schemas/examples.ts';
import { readConfig } from '../src/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';
import type { Task } from '../src/operations/answer.ts';
import { startPool } from '../src/pool/pool.ts';
import { median, short } from './statistics.ts';

const JSON_TYPE = 'application/json';
const TIMES = 2000;

const config = readConfig({ MAX_MEMORY: `${2 ** 30}` });
const pool = startPool(chooseEngine(config.ENGINE), config, {
  error(error: unknown) {
    throw error;
  },
});
let inThread = false;
const gone = () => {
  inThread = true;
  return new AbortController().signal;
};

async function measure(text: string): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const task: Task = { bytes: new Uint8Array(Buffer.from(text)), mediaType: JSON_TYPE, accept: JSON_TYPE };
    const before = performance.now();
    await pool.answer(task, gone);
    times.push(performance.now() - before);
  }
  console.log(`${text.length} bytes, ${inThread ? 'in a thread' : 'on the event loop'}: ${short(median(times) * 1000)} µs`);
  inThread = false;
}

const matrix = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(i * columns + j + 1)));

await measure(JSON.stringify(examples.article.request));
for (const width of [8, 12, 18, 26, 38, 46, 48, 54]) {
  const batch = { inputs: matrix(Math.ceil(width / 4), width), targets: matrix(Math.ceil(width / 4), width) };
  await measure(JSON.stringify({ network: { layers: [{ weights: matrix(width, width), activation: 'tanh' }] }, batch }));
}
await pool.close();
