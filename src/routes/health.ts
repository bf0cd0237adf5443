// Whether the service lives and is ready: for orchestrators.
import { type TObject, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';

export function healthRoutes(app: FastifyInstance): void {
  health(app, '/livez', 'live', 'Whether the process answers');
  health(app, '/readyz', 'ready', 'Whether the service takes requests');
}

function health(app: FastifyInstance, url: string, status: string, summary: string): void {
  const answer: TObject = Type.Object({ status: Type.Literal(status) }, { additionalProperties: false, description: 'Yes' });
  app.get(
    url,
    { logLevel: 'warn', schema: { operationId: status, summary, tags: ['health'], response: { 200: answer } } },
    () => ({ status }),
  );
}
