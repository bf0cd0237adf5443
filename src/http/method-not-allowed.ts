// Answers 405, with the allowed methods, for every path that exists.
import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { sendProblem } from './problems.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The paths of the routes. */
    paths: ReadonlySet<string>;
  }
}

/** Adds routes by calling `add`; then adds a 405 answer for all other methods of their paths. */
export async function withMissingMethods(app: FastifyInstance, add: () => Promise<void>): Promise<void> {
  const urls = new Set<string>();
  app.decorate('paths', urls);
  app.addHook('onRoute', ({ url }) => {
    urls.add(url);
  });
  await add();
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  for (const url of [...urls]) {
    const allowed = app.supportedMethods.filter((method) => app.hasRoute({ url, method: method as HTTPMethods }));
    const allow = allowed.join(', ');
    const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('allow', allow);
      return sendProblem(reply, 'method-not-allowed', {
        detail: `expected ${allow}, got ${request.method}${preflightHint(request)}`,
      });
    };
    // In onRequest, before the body is read: it does not matter here.
    const method = app.supportedMethods.filter((method) => !allowed.includes(method));
    app.route({ url, method, schema: { hide: true }, onRequest: refuse, handler: refuse });
  }
}

/** With CORS_ORIGINS, preflights are answered before they come here. */
function preflightHint({ method, headers }: FastifyRequest): string {
  if (method !== 'OPTIONS' || !headers.origin || !headers['access-control-request-method']) return '';
  const origin = headers.origin.slice(0, 100);
  return `: this is a CORS preflight, and pages of ${origin} may not use this service; its operator can allow them by CORS_ORIGINS`;
}
