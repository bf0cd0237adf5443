// One line of the log a request: what it asked for, what came of it and where its time went; no number, no key, no query.

import { type Finished, pathOf } from '../http/exchange.ts';
import type { Phase } from '../operations/report.ts';

/** How many layers' units are listed. */
const LISTED = 16;

/** The levels at which a line of level info is written. */
const WITH_INFO = new Set(['info', 'debug', 'trace']);

export function logRequest({ request, report, status, duration, sent, isCutOff }: Finished): void {
  // To make a line that nobody wants would be a part of what a small request takes.
  if (!WITH_INFO.has(request.log.level)) return;
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
