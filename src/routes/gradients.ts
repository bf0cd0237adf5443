// POST /gradients.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import { examples } from '../../schemas/examples.ts';
import { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { answer } from '../answer.ts';
import { Refusal } from '../refusal.ts';
import { type MediaType, mediaTypes } from '../wire/codecs.ts';
import { preferred } from './accept.ts';
import { problemResponses } from './responses.ts';

interface Body {
  readonly mediaType: MediaType;
  readonly bytes: Buffer;
}

export function gradientsRoutes(app: FastifyInstance, config: Config): void {
  app.removeAllContentTypeParsers();
  for (const mediaType of mediaTypes) {
    app.addContentTypeParser(mediaType, { parseAs: 'buffer' }, (_request, bytes, done) => {
      done(null, { mediaType, bytes });
    });
  }

  app.post<{ Body?: Body }>(
    '/gradients',
    {
      schema: {
        operationId: 'gradients',
        summary: "A network's gradients on a batch",
        description:
          'Computes the loss of a multilayer perceptron on a batch, and its gradients with respect to every weight and bias, by ' +
          "backpropagation in float64. Names, defaults and numbers are PyTorch's.",
        tags: ['gradients'],
        // @fastify/swagger takes the examples of a body from here, and those of an answer from its media type.
        body: content(mediaTypes, { schema: { ...GradientsRequest, 'x-examples': examplesOf('request') } }),
        response: {
          200: {
            description: 'The loss and its gradients',
            ...content(mediaTypes, { schema: GradientsAnswer, examples: examplesOf('answer') }),
          },
          ...problemResponses(400, 406, 408, 413, 415, 422, 500),
        },
      },
      onRequest: async (request) => {
        checkContentEncoding(request);
        accepted(request);
      },
    },
    (request, reply): FastifyReply => {
      const { mediaType, bytes } = request.body ?? { mediaType: 'application/json', bytes: Buffer.alloc(0) };
      const accept = accepted(request);
      return reply.type(accept).send(answer(bytes, mediaType, accept, config.MAX_MEMORY));
    },
  );
}

function content(types: readonly string[], media: object) {
  return { content: Object.fromEntries(types.map((type) => [type, media])) };
}

function examplesOf(side: 'request' | 'answer') {
  return Object.fromEntries(Object.entries(examples).map(([name, { summary, [side]: value }]) => [name, { summary, value }]));
}

/** The media type of the answer, by the Accept header. */
function accepted(request: FastifyRequest): MediaType {
  const accept = preferred(request, mediaTypes);
  if (accept) return accept;
  throw new Refusal('not-acceptable', { detail: `there is ${mediaTypes.join(', ')}; Accept is ${request.headers.accept}` });
}

function checkContentEncoding({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new Refusal('unsupported-media-type', {
    detail: `expected ${mediaTypes.join(' or ')} without a Content-Encoding, got ${encoding}`,
  });
}
