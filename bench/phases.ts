// Where the time of a request goes: its phases in one thread, and what is left of the whole for HTTP and the way to the thread.
import { availableParallelism } from 'node:os';
import { readConfig } from '../src/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';
import { Buffers } from '../src/memory/buffers.ts';
import { answer } from '../src/operations/answer.ts';
import { limitsOf } from '../src/operations/limits.ts';
import { answerPhases, type Report } from '../src/operations/report.ts';
import { median } from './statistics.ts';
import type { Case } from './sweep.ts';
import { bodyOf, mediaTypes, workloads } from './workloads.ts';

type AnswerPhase = (typeof answerPhases)[number];

/** The median of each phase, in milliseconds. */
export type Phases = Case & Readonly<Record<AnswerPhase, number>>;

/** Measures each case for some seconds; the first half of the repetitions, in which it is compiled, does not count. */
export function measurePhases(cases: readonly Case[], seconds: number): Phases[] {
  const config = readConfig({});
  const { engine } = chooseEngine(config.ENGINE);
  const buffers = new Buffers();
  engine.setThreads?.(availableParallelism());
  return cases.map(({ workload, format }) => {
    const body = bodyOf(workloads[workload], format);
    const [mediaType, accept] = [mediaTypes[format], mediaTypes[format]];
    const reports: Report[] = [];
    const end = performance.now() + seconds * 1000;
    for (let i = 0; i < 10 || performance.now() < end; i++) {
      const bytes = new Uint8Array(buffers.take(body.length), 0, body.length);
      bytes.set(body);
      const report: Report = { phases: {} };
      buffers.give(answer({ bytes, mediaType, accept }, engine, limitsOf(config), report).buffer);
      reports.push(report);
    }
    const counted = reports.slice(reports.length >> 1);
    const ms = (phase: AnswerPhase) => median(counted.map(({ phases }) => phases[phase] as number));
    return {
      workload,
      format,
      ...(Object.fromEntries(answerPhases.map((phase) => [phase, ms(phase)])) as Record<AnswerPhase, number>),
    };
  });
}
