// Whether the service lives and is ready: for orchestrators.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { engineNames } from '../../schemas/config.ts';
import { Names } from '../../schemas/names.ts';
import type { EngineChoice } from '../linalg/engines.ts';
import { type Readiness, readinessStates } from '../readiness.ts';

/** Asked for every few seconds, and whatever else is going on. */
const forOrchestrators = { logLevel: 'warn', config: { isUnlimited: true } } as const;

const Live = Type.Object({ status: Type.Literal('live') }, { additionalProperties: false });

const Ready = Type.Object(
  {
    status: Names(readinessStates),
    engine: Names(engineNames),
    library: Type.Optional(Type.String({ description: 'the BLAS of the engine openblas' })),
  },
  { additionalProperties: false },
);

export function healthRoutes(app: FastifyInstance, { name, library }: EngineChoice, readiness: Readiness): void {
  app.get(
    '/livez',
    {
      ...forOrchestrators,
      schema: {
        operationId: 'live',
        summary: 'Whether the process answers',
        tags: ['health'],
        response: { 200: { description: 'Yes', ...json(Live) } },
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
        summary: 'Whether the service takes requests, and what multiplies its matrices',
        tags: ['health'],
        response: {
          200: { description: 'Yes', ...json(Ready) },
          503: { description: 'Not while it starts, has too much to do, or is about to end', ...json(Ready) },
        },
      },
    },
    (_request, reply) => {
      const status = readiness.state;
      return reply.code(status === 'ready' ? 200 : 503).send({ status, engine: name, ...(library && { library }) });
    },
  );
}

function json(schema: object) {
  return { content: { 'application/json': { schema } } };
}
