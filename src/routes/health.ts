// GET /livez and GET /readyz: liveness and readiness, for orchestrators.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { engineNames } from '../../schemas/config.ts';
import { Names } from '../../schemas/names.ts';
import { type Dependencies, dependencyNames } from '../http/dependencies.ts';
import { type Readiness, readinessStates } from '../http/readiness.ts';
import { jsonResponse } from '../http/responses.ts';
import type { EngineChoice } from '../linalg/engines.ts';

/** Called every few seconds: not logged and not rate-limited. */
const forOrchestrators = { logLevel: 'warn', config: { isUnlimited: true } } as const;

const Live = Type.Object({ status: Type.Literal('live') }, { $id: 'Live' });

const Ready = Type.Object(
  {
    status: Names(readinessStates),
    engine: Names(engineNames),
    library: Type.Optional(Type.String({ description: 'the BLAS of the engine openblas' })),
    missing: Type.Optional(
      Type.Array(Names(dependencyNames), {
        description:
          'what is away: the store of datasets and jobs, or the queue of jobs. Requests that need neither are answered',
      }),
    ),
  },
  { $id: 'Ready' },
);

/** A service whose store or queue is away stays ready: it answers all requests that need neither, and no other instance has them. */
export function healthRoutes(
  app: FastifyInstance,
  { name, library }: EngineChoice,
  readiness: Readiness,
  dependencies: Dependencies,
): void {
  app.get(
    '/livez',
    {
      ...forOrchestrators,
      schema: {
        operationId: 'live',
        summary: 'Liveness: the process responds',
        description: 'For an orchestrator that restarts a process that does not respond.',
        tags: ['health'],
        response: { 200: jsonResponse(Live, 'Live', { status: 'live' }) },
      },
    },
    () => ({ status: 'live' }),
  );
  app.get(
    '/readyz',
    {
      ...forOrchestrators,
      schema: {
        operationId: 'ready',
        summary: 'Readiness: whether the service accepts requests, and the engine that multiplies its matrices',
        description: 'For a load balancer that sends requests only to ready instances.',
        tags: ['health'],
        response: {
          200: jsonResponse(Ready, 'Ready', { status: 'ready', engine: 'portable' }),
          503: jsonResponse(Ready, 'Not ready: starting, overloaded or shutting down', {
            status: 'draining',
            engine: 'portable',
          }),
        },
      },
    },
    async (_request, reply) => {
      const missing = await dependencies.missing();
      const status = readiness.state;
      return reply
        .code(status === 'ready' ? 200 : 503)
        .send({ status, engine: name, ...(library && { library }), ...(missing.length > 0 && { missing }) });
    },
  );
}
