// 405 for every path that is there, with the methods that it does take.
import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { sendProblem } from './problems.ts';

/** Begins to watch which paths are added; the function that it returns adds the 405s for the methods that they lack. */
export function methodNotAllowedRoutes(app: FastifyInstance): () => void {
  const urls = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    urls.add(url);
  });
  return () => {
    for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
    for (const url of [...urls]) {
      const allowed = app.supportedMethods.filter((method) => app.hasRoute({ url, method: method as HTTPMethods }));
      const allow = allowed.join(', ');
      const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('allow', allow);
        return sendProblem(reply, 'method-not-allowed', { detail: `expected ${allow}, got ${request.method}` });
      };
      // On request, that is before the body is read: no body makes a wrong method right.
      const method = app.supportedMethods.filter((method) => !allowed.includes(method));
      app.route({ url, method, schema: { hide: true }, onRequest: refuse, handler: refuse });
    }
  };
}
