// Watches every request from its headers to the end of its answer, and tells what came of it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestReport } from '../operations/report.ts';

declare module 'fastify' {
  interface FastifyRequest {
    report: RequestReport;
    /** What is to be done when the request is over; undefined once it is. */
    endings: (() => void)[] | undefined;
  }
}

/** A request that is over. */
export interface Finished {
  readonly request: FastifyRequest;
  readonly report: RequestReport;
  /** The path of the route, as it was declared; undefined where there is none. */
  readonly route: string | undefined;
  /** Undefined if the client went away before there was any. */
  readonly status: number | undefined;
  /** From the headers to the last byte of the answer, in milliseconds. */
  readonly duration: number;
  /** Bytes of the answer's body, where that is known. */
  readonly sent: number | undefined;
  /** Whether the client went away before it had its answer. */
  readonly isCutOff: boolean;
}

/** The path that a request asks for; its query, which may have a secret, is left out. */
export function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0].slice(0, 200);
}

/**
 * Calls back when the answer to a request has been sent, or its client has gone; at once if that has been. One listener for all of
 * them: each costs a small request time.
 */
export function atEnd(request: FastifyRequest, callback: () => void): void {
  if (request.endings) request.endings.push(callback);
  else callback();
}

/** Tells the observers of every request that is over. The function that it returns begins to watch one that no hook runs for. */
export function watchRequests(
  app: FastifyInstance,
  observers: readonly ((finished: Finished) => void)[],
): (request: FastifyRequest, reply: FastifyReply) => void {
  app.decorateRequest('report');
  app.decorateRequest('endings', undefined);
  const begin = (request: FastifyRequest, reply: FastifyReply) => {
    const report: RequestReport = { phases: {}, began: performance.now() };
    request.report = report;
    request.endings = [];
    request.log.debug({ method: request.method, path: pathOf(request) }, 'incoming request');
    const { raw } = reply;
    let isSent = false;
    raw.once('finish', () => {
      isSent = true;
    });
    raw.once('close', () => {
      const { endings = [] } = request;
      request.endings = undefined;
      for (const end of endings) end();
      const length = raw.getHeader('content-length');
      const finished: Finished = {
        request,
        report,
        route: request.routeOptions?.url,
        status: raw.headersSent ? raw.statusCode : undefined,
        duration: performance.now() - report.began,
        sent: length === undefined ? undefined : Number(length),
        isCutOff: !isSent,
      };
      for (const observe of observers) observe(finished);
    });
  };
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    done();
  });
  return begin;
}
