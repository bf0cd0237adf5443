// Where the time of a request goes: its phases in one thread, and what is left of the whole for HTTP and the way to the thread.
import { availableParallelism } from 'node:os';
import { answer, type Phase, phases } from '../src/answer.ts';
import { readConfig } from '../src/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';
import { Buffers } from '../src/routes/buffers.ts';
import { median } from './statistics.ts';
import type { Case } from './sweep.ts';
import { bodyOf, mediaTypes, workloads } from './workloads.ts';

/** The median of each phase, in milliseconds. */
export type Phases = Case & Readonly<Record<Phase, number>>;

/** Measures each case for some seconds; the first half of the repetitions, in which it is compiled, does not count. */
export function measurePhases(cases: readonly Case[], seconds: number): Phases[] {
  const { ENGINE, MAX_MEMORY } = readConfig({});
  const { engine } = chooseEngine(ENGINE);
  const buffers = new Buffers();
  engine.setThreads?.(availableParallelism());
  return cases.map(({ workload, format }) => {
    const body = bodyOf(workloads[workload], format);
    const [mediaType, accept] = [mediaTypes[format], mediaTypes[format]];
    const times: Record<Phase, number[]> = { decode: [], check: [], compute: [], encode: [] };
    const end = performance.now() + seconds * 1000;
    for (let i = 0; i < 10 || performance.now() < end; i++) {
      const bytes = new Uint8Array(buffers.take(body.length), 0, body.length);
      bytes.set(body);
      let before = performance.now();
      const answered = answer({ bytes, mediaType, accept }, engine, {
        memory: MAX_MEMORY,
        ended(phase) {
          const now = performance.now();
          times[phase].push(now - before);
          before = now;
        },
      });
      buffers.give(answered.buffer);
    }
    const half = (phase: Phase) => median(times[phase].slice(times[phase].length >> 1));
    return { workload, format, ...(Object.fromEntries(phases.map((phase) => [phase, half(phase)])) as Record<Phase, number>) };
  });
}
