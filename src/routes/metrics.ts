// GET /metrics: for Prometheus.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../observability/metrics.ts';

const EXAMPLE = '# HELP gradients_ready Whether /readyz says yes\n# TYPE gradients_ready gauge\ngradients_ready 1\n';

export function metricsRoutes(app: FastifyInstance, metrics: Metrics): void {
  app.get(
    '/metrics',
    {
      logLevel: 'warn',
      config: { needsKey: true, isUnlimited: true },
      schema: {
        operationId: 'metrics',
        summary: 'Metrics for Prometheus',
        description: 'Requests, their phases and problems, the queue, threads and memory, in the text format of Prometheus.',
        tags: ['health'],
        response: {
          200: { description: 'Metrics', content: { 'text/plain': { schema: Type.String(), example: EXAMPLE } } },
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}
