// Whether the service lives and is ready: for orchestrators.
import { type TObject, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { engineNames } from '../../schemas/config.ts';
import { Names } from '../../schemas/names.ts';
import type { EngineChoice } from '../linalg/engines.ts';

export function healthRoutes(app: FastifyInstance, { name, library }: EngineChoice): void {
  health(app, '/livez', 'Whether the process answers', Live, { status: 'live' });
  const ready = { status: 'ready', engine: name, ...(library && { library }) };
  health(app, '/readyz', 'Whether the service takes requests, and what multiplies its matrices', Ready, ready);
}

const Live = Type.Object({ status: Type.Literal('live') }, { additionalProperties: false, description: 'Yes' });

const Ready = Type.Object(
  {
    status: Type.Literal('ready'),
    engine: Names(engineNames),
    library: Type.Optional(Type.String({ description: 'the BLAS of the engine openblas' })),
  },
  { additionalProperties: false, description: 'Yes' },
);

function health(app: FastifyInstance, url: string, summary: string, schema: TObject, answer: { status: string }): void {
  app.get(
    url,
    { logLevel: 'warn', schema: { operationId: answer.status, summary, tags: ['health'], response: { 200: schema } } },
    () => answer,
  );
}
