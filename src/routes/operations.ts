// POST /<operation>, for every operation.
import { performance } from 'node:perf_hooks';
import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Job } from '../../schemas/job.ts';
import { AnswerBatch } from '../http/answer-batch.ts';
import { readBody } from '../http/body.ts';
import { askForBody } from '../http/continue.ts';
import { payloadOf } from '../http/large-answers.ts';
import { asItIs } from '../http/problems.ts';
import { Buffers } from '../memory/buffers.ts';
import type { Operation } from '../operations/operation.ts';
import type { Ticket } from '../pool/admission.ts';
import type { Pool } from '../pool/pool.ts';
import type { Encoded } from '../wire/codec.ts';
import { mediaTypes } from '../wire/codecs.ts';
import { Places } from '../wire/merge.ts';
import { JOB_EXAMPLE } from './job-document.ts';
import type { Submit } from './submissions.ts';

const [json, safetensors] = mediaTypes;

/** The schema of a safetensors file, for the documentation; the answer has the dtype of the request's tensor `first`. */
const fileOf = (first: string) =>
  Type.String({
    format: 'binary',
    description:
      `The JSON document, its arrays of numbers being tensors: a tensor's name is its path, joined by dots, as in ${first}. ` +
      'F64 or F32, and I64 for class indices. Of a request, the rest of the document is the string "request" of __metadata__. ' +
      `The answer has the dtype of ${first}; its numbers are tensors without dimensions.`,
  });

/** Answers up to this length are sent in batches. A longer body may take long to answer, so the batch is sent before it. */
const SMALL_BYTES = 4_096;

/** The headers that make a request a job. */
const JOB_HEADERS = Type.Object({
  Prefer: Type.Optional(
    Type.String({
      description:
        'respond-async: compute the request as a job, which may take long and read any amount of data from a dataset; with wait=10 ' +
        'beside it, answer at once if it is done in so many seconds',
    }),
  ),
  'Idempotency-Key': Type.Optional(
    Type.String({ description: 'of a job: the same key and request are the same job, so that sending it again is harmless' }),
  ),
});

interface Shared {
  readonly pool: Pool;
  readonly submit: Submit;
  readonly bodyLimit: number;
  readonly answerTimeoutMs: number;
}

/** Adds the routes of operations in their own Fastify context, without body parsers and hooks for answers. */
export async function operationRoutes(app: FastifyInstance, operations: readonly Operation[], shared: Shared): Promise<void> {
  const handle = handlerOf(shared, operations);
  await app.register(async (scope) => {
    // Answers in onRequest, to skip Fastify's parsing and validation: wire/ does both.
    for (const operation of operations)
      scope.post(`/${operation.name}`, {
        config: { needsKey: true, operation: operation.name, ...(operation.answersJson && { answerTypes: [json] }) },
        schema: schemaOf(operation),
        onRequest: handle,
        handler: handle,
      });
  });
}

/** The OpenAPI schema of an operation's route. */
function schemaOf({ name, summary, description, request, answer, answersJson, examples, parts }: Operation) {
  const file = fileOf(new Places(request).first);
  const content = (schema: TSchema, side: 'request' | 'answer') => ({
    [json]: {
      schema,
      examples: Object.fromEntries(
        Object.entries(examples).map(([key, example]) => [key, { summary: example.summary, value: example[side] }]),
      ),
    },
    ...((side === 'request' || !answersJson) && { [safetensors]: { schema: file } }),
  });
  return {
    operationId: name,
    summary,
    description,
    tags: ['gradients'],
    ...(parts && { headers: JOB_HEADERS }),
    body: { content: content(request, 'request') },
    response: {
      200: { description: summary, content: content(answer, 'answer') },
      ...(parts && {
        202: {
          description: 'The request is a job now, as Prefer asks: Location says where it is',
          content: { [json]: { schema: Job, example: JOB_EXAMPLE } },
        },
      }),
    },
  };
}

/** The handler: reads the body into one buffer, and has the pool answer it. Requests answered inline create no promise. */
function handlerOf({ pool, submit, bodyLimit, answerTimeoutMs }: Shared, operations: readonly Operation[]) {
  const additive = new Set(operations.filter(({ parts }) => parts !== undefined).map(({ name }) => name));

  const buffers = new Buffers(() => pool.room);
  const batch = new AnswerBatch();

  const send = (request: FastifyRequest, reply: FastifyReply, ticket: Ticket, answer: Encoded) => {
    const { exchange } = request;
    reply.header('content-type', exchange.answerType);
    const began = performance.now();
    exchange.atEnd(() => {
      exchange.phases.send = performance.now() - began;
      if (exchange.isSent && typeof answer !== 'string') buffers.give(answer.buffer);
    });
    ticket.set(typeof answer === 'string' ? answer.length : answer.buffer.byteLength);
    reply.serializer(asItIs);
    const payload = payloadOf(request, reply, answer, answerTimeoutMs);
    if (typeof payload === 'string' && payload.length <= SMALL_BYTES) batch.add(reply, payload);
    else reply.send(payload);
  };

  return (request: FastifyRequest, reply: FastifyReply): void => {
    const { exchange, raw, headers } = request;
    const ticket = pool.admit(exchange.client);
    exchange.atEnd(() => ticket.end());
    const began = performance.now();
    const limits = { most: bodyLimit, grow: (bytes: number, furtherBytes: number) => ticket.grow(bytes, furtherBytes) };
    askForBody(raw);
    readBody(raw, headers, limits, buffers, (error, bytes) => {
      if (error) {
        reply.send(error);
        return;
      }
      exchange.phases.receive = performance.now() - began;
      exchange.receivedBytes = bytes.length;
      if (bytes.length > SMALL_BYTES) batch.send();
      const task = {
        operation: exchange.operation as string,
        bytes,
        mediaType: exchange.mediaType,
        answerType: exchange.answerType,
      };
      try {
        if (headers.prefer !== undefined && additive.has(task.operation)) {
          const isJob = submit(request, reply, task, (answer) => send(request, reply, ticket, answer));
          if (isJob) return;
        }
        const answer = pool.run(task, ticket, exchange, exchange.owner);
        if (answer instanceof Promise)
          answer.then(
            // Undefined if the client has disconnected.
            (bytes) => bytes && send(request, reply, ticket, bytes),
            (error) => reply.send(error),
          );
        else send(request, reply, ticket, answer);
      } catch (refusal) {
        reply.send(refusal);
      }
    });
  };
}
