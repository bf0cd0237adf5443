// Logs one line per request: path, status, shapes and timings; but no numbers, API keys or query strings.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import { type Finished, type Observer, pathOf } from '../http/exchange.ts';
import { clientAddress } from '../http/rate-limit.ts';
import { phases, type Report } from '../operations/report.ts';

/** The most layers whose units are listed. */
const MOST_LISTED_LAYERS = 16;

/** The log levels that include info. */
const WITH_INFO = new Set(['info', 'debug', 'trace']);

/** The most characters of a User-Agent that are logged. */
const MOST_AGENT_LENGTH = 200;

const clients: Record<Config['LOG_CLIENT'], (address: string) => string | undefined> = {
  address: (address) => address,
  network: clientAddress,
  none: () => undefined,
};

/** The observer that logs requests; undefined if the log level excludes info, to save the time of composing lines. */
export function logRequests(log: FastifyBaseLogger, { LOG_CLIENT }: Pick<Config, 'LOG_CLIENT'>): Observer | undefined {
  if (!WITH_INFO.has(log.level)) return undefined;
  const clientOf = clients[LOG_CLIENT];
  return (finished) => {
    // Routes for orchestrators, which call every few seconds, have their own log level.
    if (finished.request.routeOptions.logLevel) return;
    const { address } = finished.exchange;
    log.info(lineOf(finished, address && clientOf(address)), finished.isCutOff ? 'request cut off' : 'request completed');
  };
}

function lineOf({ request, exchange, status, duration, sentBytes, isCutOff }: Finished, client: string | undefined): object {
  const { sizes, problem, receivedBytes } = exchange;
  const agent = request.headers['user-agent']?.slice(0, MOST_AGENT_LENGTH);
  return {
    reqId: request.id,
    ...(client && { client }),
    ...(agent && { agent }),
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
