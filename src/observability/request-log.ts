// Logs one line per request: path, status, shapes and timings; but no numbers, API keys or query strings.
import type { FastifyBaseLogger } from 'fastify';
import { type Finished, type Observer, pathOf } from '../http/exchange.ts';
import { phases, type Report } from '../operations/report.ts';

/** The most layers whose units are listed. */
const MOST_LISTED_LAYERS = 16;

/** The log levels that include info. */
const WITH_INFO = new Set(['info', 'debug', 'trace']);

/** The observer that logs requests; undefined if the log level excludes info, to save the time of composing lines. */
export function logRequests(log: FastifyBaseLogger): Observer | undefined {
  if (!WITH_INFO.has(log.level)) return undefined;
  return (finished) => {
    // Routes for orchestrators, which call every few seconds, have their own log level.
    if (finished.request.routeOptions.logLevel) return;
    log.info(lineOf(finished), finished.isCutOff ? 'request cut off' : 'request completed');
  };
}

function lineOf({ request, exchange, status, duration, sentBytes, isCutOff }: Finished): object {
  const { sizes, problem, receivedBytes } = exchange;
  return {
    reqId: request.id,
    method: request.method,
    path: pathOf(request),
    ...(status !== undefined && { status }),
    ms: toMicroseconds(duration),
    ...(problem && { problem }),
    ...(isCutOff && { cutOff: true }),
    ...(sizes && {
      shapes: {
        layers: sizes.units.length,
        samples: sizes.samples,
        features: sizes.features,
        units: sizes.units.slice(0, MOST_LISTED_LAYERS),
      },
    }),
    ...(receivedBytes !== undefined && {
      bytes: { in: receivedBytes, ...(sentBytes !== undefined && { out: sentBytes }) },
      phases: rounded(exchange.phases),
    }),
  };
}

function rounded(given: Report['phases']): Report['phases'] {
  const rounded: Report['phases'] = {};
  for (const phase of phases) {
    const ms = given[phase];
    if (ms !== undefined) rounded[phase] = toMicroseconds(ms);
  }
  return rounded;
}

/** Milliseconds, rounded to the microsecond. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
