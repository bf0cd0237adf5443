// POST /gradients.
import type { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { examples } from '../../schemas/examples.ts';
import { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { preferred } from '../http/accept.ts';
import { readBody } from '../http/body.ts';
import { contentEncoding } from '../http/content-encoding.ts';
import { askForBody } from '../http/continue.ts';
import { atEnd } from '../http/exchange.ts';
import { problemResponses } from '../http/responses.ts';
import { Buffers } from '../memory/buffers.ts';
import { stopwatch } from '../operations/report.ts';
import { type Hold, NO_HOLD } from '../pool/budget.ts';
import { type Pool, SMALL_BODY } from '../pool/pool.ts';
import { Refusal } from '../refusal.ts';
import { type MediaType, mediaTypes } from '../wire/codecs.ts';
import { optionalKey } from './docs.ts';

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
    /** What the request holds of the memory for all of them. */
    hold?: Hold;
    /** Gives up the place that is kept for the request while its body is read. */
    arrived?: () => void;
  }
}

export function gradientsRoutes(app: FastifyInstance, pool: Pool, bodyLimit: number): void {
  const buffers = new Buffers();
  app.decorateRequest('accepted', mediaTypes[0]);
  app.removeAllContentTypeParsers();
  for (const mediaType of mediaTypes) {
    app.addContentTypeParser(mediaType, async (request: FastifyRequest, body: Readable) => {
      const ended = stopwatch(request.report);
      // What is small is answered at once, and needs no place among what is in flight.
      const grow = (bytes: number) => {
        if (bytes <= SMALL_BODY) return;
        request.arrived ??= pool.expect();
        holdOf(request).grow(bytes);
      };
      askForBody(request.raw);
      const bytes = await readBody(body, request.headers, { most: bodyLimit, grow }, buffers);
      ended('receive');
      request.report.received = { bytes: bytes.length, mediaType };
      return { mediaType, bytes };
    });
  }
  const holdOf = (request: FastifyRequest): Hold => {
    request.hold ??= pool.hold();
    return request.hold;
  };

  app.post<{ Body?: Body }>(
    '/gradients',
    {
      config: { needsKey: true },
      schema: {
        operationId: 'gradients',
        summary: "A network's gradients on a batch",
        description:
          'Computes the loss of a multilayer perceptron on a batch, and its gradients with respect to every weight and bias, by ' +
          "backpropagation in float64. Names, defaults and numbers are PyTorch's.",
        tags: ['gradients'],
        security: optionalKey,
        body: {
          content: {
            [json]: { schema: GradientsRequest, examples: examplesOf('request') },
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
          ...problemResponses(400, 401, 406, 408, 413, 415, 422, 429, 431, 500, 503, 504),
        },
      },
      onRequest(request, _reply, done) {
        // What can be refused before the body is read: no body makes it right.
        contentEncoding(request.headers);
        request.accepted = accepted(request);
        if (Number(request.headers['content-length'] ?? 0) > SMALL_BODY) request.arrived = pool.expect();
        atEnd(request, () => {
          request.arrived?.();
          request.hold?.set(0);
          // What comes later, as when a body is still being unpacked, holds nothing: nobody would give it back.
          request.hold = NO_HOLD;
        });
        done();
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const { mediaType, bytes } = request.body ?? { mediaType: 'application/json', bytes: Buffer.alloc(0) };
      const accept = request.accepted;
      request.arrived?.();
      const answer = await pool.answer({ mediaType, bytes, accept }, goneSignal(request, reply), request.report);
      if (!answer || reply.raw.destroyed) return reply.hijack();
      if (answer.length > SMALL_BODY) holdOf(request).set(answer.buffer.byteLength);
      const ended = stopwatch(request.report);
      reply.raw.once('finish', () => {
        // The system has taken over every byte.
        buffers.give(answer.buffer);
        ended('send');
      });
      return reply.header('content-type', accept).send(answer);
    },
  );
}

/** Aborts when the client goes away before its answer has been sent. */
function goneSignal(request: FastifyRequest, { raw }: FastifyReply): () => AbortSignal {
  return () => {
    const gone = new AbortController();
    atEnd(request, () => {
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
