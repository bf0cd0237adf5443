// POST /gradients.
import type { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { examples } from '../../schemas/examples.ts';
import { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import type { Pool } from '../pool/pool.ts';
import { Refusal } from '../refusal.ts';
import { type MediaType, mediaTypes } from '../wire/codecs.ts';
import { preferred } from './accept.ts';
import { readBody } from './body.ts';
import { Buffers } from './buffers.ts';
import { problemResponses } from './responses.ts';

const [json, safetensors] = mediaTypes;

/** What JSON Schema can say of a document in safetensors. */
const File = Type.String({
  format: 'binary',
  description:
    "The JSON document, its arrays of numbers being tensors: a tensor's name is its path, joined by dots, as in network.layers.0.weights. " +
    'F64 or F32, and I64 for class indices. Of a request, the rest of the document is the string "request" of __metadata__. ' +
    'The answer has the dtype of network.layers.0.weights; its numbers are tensors without dimensions.',
});

interface Body {
  readonly mediaType: MediaType;
  readonly bytes: Buffer<ArrayBuffer>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The media type that the answer is to have. */
    accepted: MediaType;
  }
}

export function gradientsRoutes(app: FastifyInstance, pool: Pool, bodyLimit: number): void {
  const buffers = new Buffers();
  app.decorateRequest('accepted', mediaTypes[0]);
  app.removeAllContentTypeParsers();
  for (const mediaType of mediaTypes) {
    app.addContentTypeParser(mediaType, async ({ headers }: FastifyRequest, body: Readable) => ({
      mediaType,
      bytes: await readBody(body, headers, bodyLimit, buffers),
    }));
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
        body: {
          content: {
            [json]: { schema: { ...GradientsRequest, 'x-examples': examplesOf('request') } },
            [safetensors]: { schema: File },
          },
        },
        response: {
          200: {
            description: 'The loss and its gradients',
            content: {
              [json]: { schema: GradientsAnswer, examples: examplesOf('answer') },
              [safetensors]: { schema: File },
            },
          },
          ...problemResponses(400, 406, 408, 413, 415, 422, 500, 504),
        },
      },
      onRequest(request, _reply, done) {
        checkContentEncoding(request);
        request.accepted = accepted(request);
        done();
      },
    },
    async ({ body, accepted: accept }, reply): Promise<FastifyReply> => {
      const { mediaType, bytes } = body ?? { mediaType: 'application/json', bytes: Buffer.alloc(0) };
      const bytesOfAnswer = await pool.answer({ mediaType, bytes, accept }, goneSignal(reply));
      if (!bytesOfAnswer) return reply.hijack();
      // Once the system has taken over every byte.
      reply.raw.once('finish', () => buffers.give(bytesOfAnswer.buffer));
      return reply.header('content-type', accept).send(bytesOfAnswer);
    },
  );
}

/** Aborts when the client goes away before its answer has been sent. */
function goneSignal({ raw }: FastifyReply): () => AbortSignal {
  return () => {
    const gone = new AbortController();
    raw.once('close', () => {
      if (!raw.writableFinished) gone.abort();
    });
    return gone.signal;
  };
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
