// Whether the service lives and is ready: for orchestrators.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { engineNames } from '../../schemas/config.ts';
import { Names } from '../../schemas/names.ts';
import { type Readiness, readinessStates } from '../http/readiness.ts';
import { problemResponses } from '../http/responses.ts';
import type { EngineChoice } from '../linalg/engines.ts';

/** Asked for every few seconds, and whatever else is going on. */
const forOrchestrators = { logLevel: 'warn', config: { isUnlimited: true } } as const;

const Live = Type.Object({ status: Type.Literal('live') }, { $id: 'Live', additionalProperties: false });

const Ready = Type.Object(
  {
    status: Names(readinessStates),
    engine: Names(engineNames),
    library: Type.Optional(Type.String({ description: 'the BLAS of the engine openblas' })),
  },
  { $id: 'Ready', additionalProperties: false },
);

export function healthRoutes(app: FastifyInstance, { name, library }: EngineChoice, readiness: Readiness): void {
  app.get(
    '/livez',
    {
      ...forOrchestrators,
      schema: {
        operationId: 'live',
        summary: 'Whether the process answers',
        description: 'For an orchestrator that restarts what hangs.',
        tags: ['health'],
        response: { 200: { description: 'Yes', ...json(Live, { status: 'live' }) }, ...problemResponses(431) },
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
        description: 'For a balancer that sends requests only to those who take them.',
        tags: ['health'],
        response: {
          200: { description: 'Yes', ...json(Ready, { status: 'ready', engine: 'portable' }) },
          503: {
            description: 'Not while it starts, has too much to do, or is about to end',
            ...json(Ready, { status: 'draining', engine: 'portable' }),
          },
          ...problemResponses(431),
        },
      },
    },
    (_request, reply) => {
      const status = readiness.state;
      return reply.code(status === 'ready' ? 200 : 503).send({ status, engine: name, ...(library && { library }) });
    },
  );
}

function json(schema: object, example: object) {
  return { content: { 'application/json': { schema, example } } };
}
