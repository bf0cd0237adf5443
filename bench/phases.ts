// Measures the phases of a request in one thread. The rest of its time over HTTP is for HTTP and the transfer to the thread.
import { readConfig } from '../src/config.ts';
import { chooseEngine } from '../src/linalg/engines.ts';
import { Buffers } from '../src/memory/buffers.ts';
import { Answerer, type Prepared } from '../src/operations/answer.ts';
import { limitsOf } from '../src/operations/limits.ts';
import { operations } from '../src/operations/registry.ts';
import { answerPhases, type Report } from '../src/operations/report.ts';
import { median } from '../test/support/statistics.ts';
import { bodyOf, mediaTypes, workloads } from '../test/support/workloads.ts';
import type { Case } from './sweep.ts';

type AnswerPhase = (typeof answerPhases)[number];

/** The median of each phase, in milliseconds. */
export type Phases = Case & Readonly<Record<AnswerPhase, number>>;

/** Measures each case for some seconds; discards the first half of the repetitions as warm-up. */
export function measurePhases(cases: readonly Case[], seconds: number): Phases[] {
  const config = readConfig({});
  const { engine } = chooseEngine(config.ENGINE);
  const answerer = new Answerer(operations, engine, limitsOf(config));
  const buffers = new Buffers();
  return cases.map(({ workload, format }) => {
    const body = bodyOf(workloads[workload], format);
    const task = { operation: 'gradients', mediaType: mediaTypes[format], answerType: mediaTypes[format] };
    const reports: Report[] = [];
    const end = performance.now() + seconds * 1000;
    for (let i = 0; i < 10 || performance.now() < end; i++) {
      const bytes = new Uint8Array(buffers.take(body.length), 0, body.length);
      bytes.set(body);
      const report: Report = { phases: {} };
      const answer = engine.scratch.recycle(() => (answerer.prepare({ ...task, bytes }, report) as Prepared).run(bytes.buffer));
      buffers.give(typeof answer === 'string' ? bytes.buffer : answer.buffer);
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
