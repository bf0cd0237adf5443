// Measures how the time of a request grows with its size.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { discard, load, prepare } from '../test/support/loader.ts';
import { service, startServer } from '../test/support/servers.ts';
import { median, short } from '../test/support/statistics.ts';
import { multiplyAdds, type Shape, square, workloads } from '../test/support/workloads.ts';
import { ensurePython } from './python.ts';

/** A measured size; the time is the median, in milliseconds. */
export interface Point {
  readonly size: number;
  readonly time: number;
  readonly multiplyAdds: number;
}

export interface Series {
  readonly title: string;
  /** The unit of the size. */
  readonly unit: string;
  readonly points: readonly Point[];
}

interface Family {
  readonly title: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  readonly shape: (size: number) => Shape;
}

const powers = (base: number, from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => base ** (from + i));

const families: readonly Family[] = [
  { title: 'Layers: 64 wide, 256 samples', unit: 'layers', sizes: powers(2, 0, 8), shape: (size) => square(size, 64, 256) },
  {
    title: 'Width: 2 layers, 256 samples',
    unit: 'units per layer',
    sizes: powers(2, 4, 11),
    shape: (size) => square(2, size, 256),
  },
  {
    title: 'Samples: the network of tall',
    unit: 'samples',
    sizes: powers(2, 0, 20),
    shape: (samples) => ({ ...workloads.tall, samples }),
  },
];

/** Limits for the largest of these requests, which the default limits would refuse. */
const limits = { BODY_LIMIT: `${2 ** 29}`, MAX_MEMORY: `${2 ** 33}` };

/** Measures every `step`-th size of each family, in binary, with one client. */
export async function measureGrowth(seconds: number, step: number): Promise<Series[]> {
  const series: Series[] = [];
  for (const { title, unit, sizes, shape } of families) {
    const server = await startServer(service(limits));
    try {
      const points: Point[] = [];
      for (const size of sizes.filter((_, i) => (sizes.length - 1 - i) % step === 0)) {
        const time = await timeOf(server.port, shape(size), seconds);
        points.push({ size, time, multiplyAdds: multiplyAdds(shape(size)) });
        console.log(`  ${size} ${unit}: ${short(time)} ms`);
      }
      series.push({ title, unit, points });
    } finally {
      await server.stop();
    }
  }
  return series;
}

async function timeOf(port: number, shape: Shape, seconds: number): Promise<number> {
  const request = prepare(shape, 'binary');
  const job = { port, request: request.file, clients: 1 };
  const { latencies } = await load({ ...job, warmUp: { seconds: seconds / 2, atLeast: 2 }, measure: { seconds, atLeast: 5 } });
  discard(request);
  return median(latencies);
}

/** Draws the series into an SVG file. */
export function plotGrowth(series: readonly Series[], file: string): void {
  execFileSync(ensurePython(), [join(import.meta.dirname, 'plot.py'), file], { input: JSON.stringify(series) });
}
