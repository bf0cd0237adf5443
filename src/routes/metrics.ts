// GET /metrics: for Prometheus.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../observability/metrics.ts';
import { problemResponses } from './responses.ts';

export function metricsRoutes(app: FastifyInstance, metrics: Metrics): void {
  app.get(
    '/metrics',
    {
      logLevel: 'warn',
      config: { needsKey: true, isUnlimited: true },
      schema: {
        operationId: 'metrics',
        summary: 'What Prometheus reads',
        tags: ['health'],
        response: {
          200: { description: 'Metrics', content: { 'text/plain': { schema: Type.String() } } },
          ...problemResponses(401),
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}
