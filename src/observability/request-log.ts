// One line of the log a request: what it asked for, what came of it and where its time went; no number, no key, no query.
import type { Phase } from '../report.ts';
import { type Finished, pathOf } from './watch.ts';

/** How many layers' units are listed. */
const LISTED = 16;

export function logRequest({ request, report, status, duration, sent, isCutOff }: Finished): void {
  const { sizes, phases, received, problem } = report;
  request.log.info(
    {
      method: request.method,
      path: pathOf(request),
      ...(status !== undefined && { status }),
      ms: rounded(duration),
      ...(problem && { problem }),
      ...(isCutOff && { cutOff: true }),
      ...(sizes && {
        shapes: {
          layers: sizes.units.length,
          samples: sizes.samples,
          features: sizes.features,
          units: sizes.units.slice(0, LISTED),
        },
      }),
      ...(received && {
        bytes: { in: received.bytes, ...(sent !== undefined && { out: sent }) },
        phases: Object.fromEntries(Object.entries(phases).map(([phase, ms]) => [phase as Phase, rounded(ms)])),
      }),
    },
    isCutOff ? 'request cut off' : 'request completed',
  );
}

/** Milliseconds to the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
