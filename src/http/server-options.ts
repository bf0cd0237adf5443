// Options of Fastify and of Node's HTTP server: limits, timeouts, request ids, logging.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import { pathOf } from './exchange.ts';

/** Request ids that clients may choose. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** How often Node checks the timeouts of requests and connections. */
const TIMEOUTS_INTERVAL_MS = 1_000;

/** What Node takes of a request's line and headers. */
const MOST_HEADER_BYTES = 16_384;

/** Logs incoming requests, at level debug only. Finished requests are logged by observability/request-log.ts. */
class IncomingRequests extends LogController {
  constructor() {
    super({ disableRequestLogging: true });
  }

  override incomingRequest(request: FastifyRequest): void {
    if (request.log.level === 'debug' || request.log.level === 'trace')
      request.log.debug({ reqId: request.id, method: request.method, path: pathOf(request) }, 'incoming request');
  }
}

export function serverOptions(config: Config, log: FastifyBaseLogger) {
  return {
    loggerInstance: log,
    // No logger per request, to save time: log lines carry the request id instead.
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    logController: new IncomingRequests(),
    // connections.ts enforces REQUEST_TIMEOUT_MS: Node's timeout knows no exception for uploads.
    requestTimeout: 0,
    keepAliveTimeout: config.KEEP_ALIVE_MS,
    // A connection is silent while an answer is computed, and while its client does not read.
    connectionTimeout: config.DEADLINE_MS + config.ANSWER_TIMEOUT_MS,
    http: {
      // Node compares them before Fastify sets its option.
      requestTimeout: 0,
      headersTimeout: Math.min(config.HEADERS_TIMEOUT_MS, config.REQUEST_TIMEOUT_MS),
      connectionsCheckingInterval: TIMEOUTS_INTERVAL_MS,
      // gate.ts checks it, and answers with a problem document.
      requireHostHeader: false,
      // Otherwise Node would drop the second Host or Content-Type, and the gate would not see it.
      joinDuplicateHeaders: true,
    },
    ...(config.TRUST_PROXY && { trustProxy: trusted(config.TRUST_PROXY) }),
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // Routes say themselves what is wrong with a long name.
    routerOptions: { maxParamLength: MOST_HEADER_BYTES },
    // While the service closes, requests on open connections are still answered.
    return503OnClosing: false,
  };
}

/** Which proxies to trust: their addresses, or the number of proxies in front of the service. */
function trusted(proxies: string): string | ((address: string, hop: number) => boolean) {
  return /^\d+$/.test(proxies) ? (_address, hop) => hop < Number(proxies) : proxies;
}
