// GET /jobs, GET and DELETE /jobs/{id}, GET /jobs/{id}/result.
import { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Job, JobList } from '../../schemas/job.ts';
import { accepted } from '../http/accept.ts';
import { payloadOf } from '../http/large-answers.ts';
import { asItIs } from '../http/problems.ts';
import { jsonResponse, problemResponses } from '../http/responses.ts';
import { liveLong } from '../http/upload.ts';
import { type Jobs, RETRY_SECONDS } from '../jobs/jobs.ts';
import { hasEnded, type JobRecord } from '../jobs/records.ts';
import { Refusal } from '../refusal.ts';
import { mediaTypes } from '../wire/codecs.ts';
import { JOB_EXAMPLE, shown, unknownJob } from './job-document.ts';
import { eventsOf } from './job-events.ts';

/** The most streams of events of one owner. */
const MOST_STREAMS = 100;

const EVENTS = 'text/event-stream';

const [json, safetensors] = mediaTypes;

interface Identified {
  Params: { id: string };
}

/** Adds the routes of jobs in their own Fastify context. */
export async function jobRoutes(app: FastifyInstance, jobs: Jobs, answerTimeoutMs: number): Promise<void> {
  const closing = Promise.withResolvers<void>();
  app.addHook('preClose', async () => closing.resolve());
  const streams = new Map<string, number>();

  const find = async ({ exchange, params }: FastifyRequest<Identified>): Promise<JobRecord> => {
    const record = await jobs.get(exchange.owner, params.id);
    if (!record) throw unknownJob();
    return record;
  };

  /** Sends the job's state as events whenever it changes, until it has ended. */
  const sendEvents = (request: FastifyRequest<Identified>, reply: FastifyReply, record: JobRecord): FastifyReply => {
    const { exchange } = request;
    const { owner } = exchange;
    const open = streams.get(owner) ?? 0;
    if (open >= MOST_STREAMS)
      throw new Refusal('overloaded', { detail: `streams of events: ${open}, as many as one client may have` }, RETRY_SECONDS);
    streams.set(owner, open + 1);
    const abort = new AbortController();
    const endLongLife = liveLong(request);
    exchange.atEnd(() => {
      endLongLife();
      abort.abort();
      const left = (streams.get(owner) as number) - 1;
      if (left > 0) streams.set(owner, left);
      else streams.delete(owner);
    });
    // Proxies must not collect the events.
    reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type(EVENTS);
    return reply.send(Readable.from(eventsOf(record, jobs, { closing: closing.promise, gone: abort.signal })));
  };

  const get = async (request: FastifyRequest<Identified>, reply: FastifyReply): Promise<FastifyReply> => {
    const record = await find(request);
    if (accepted(request, ['application/json', EVENTS]) === EVENTS) return sendEvents(request, reply, record);
    if (!hasEnded(record)) reply.header('retry-after', RETRY_SECONDS);
    return reply
      .type('application/json')
      .serializer(asItIs)
      .send(JSON.stringify(shown(record, jobs)));
  };

  const result = async (request: FastifyRequest<Identified>, reply: FastifyReply): Promise<FastifyReply> => {
    const record = await find(request);
    const type = accepted(request, mediaTypes);
    const answer = await jobs.result(record, type);
    return reply
      .type(type)
      .serializer(asItIs)
      .send(payloadOf(request, reply, answer, answerTimeoutMs));
  };

  await app.register(async (scope) => {
    const identified = { params: Type.Object({ id: Job.properties.id }) };
    scope.get('/jobs', {
      config: { needsKey: true },
      schema: {
        operationId: 'listJobs',
        summary: 'The jobs of this client',
        description: 'All keys of an owner see the same jobs.',
        tags: ['jobs'],
        response: { 200: jsonResponse(JobList, 'Newest first', { jobs: [JOB_EXAMPLE] }), ...problemResponses(500, 503) },
      },
      handler: async ({ exchange }) => ({ jobs: (await jobs.list(exchange.owner)).map((record) => shown(record, jobs)) }),
    });
    scope.get<Identified>('/jobs/:id', {
      config: { needsKey: true },
      schema: {
        operationId: 'getJob',
        summary: 'How far a job is',
        description: `As ${EVENTS}, the same document is an event whenever it changes, until the job has ended.`,
        tags: ['jobs'],
        ...identified,
        response: {
          200: {
            description: 'The job. Retry-After says when to ask again, if it has not ended',
            content: {
              'application/json': { schema: Job, example: JOB_EXAMPLE },
              [EVENTS]: { schema: Type.String({ description: 'Server-sent events, each named after the state' }) },
            },
          },
          ...problemResponses(404, 406, 500, 503),
        },
      },
      handler: get,
    });
    scope.get<Identified>('/jobs/:id/result', {
      config: { needsKey: true },
      schema: {
        operationId: 'getJobResult',
        summary: 'The answer of a job',
        description: 'As the operation would have answered, in the media type of Accept; of a job that has failed, its problem.',
        tags: ['jobs'],
        ...identified,
        response: {
          200: {
            description: "The operation's answer",
            content: {
              [json]: { schema: Type.Any(), example: { loss: 0.5, gradients: [{ weights: [[1, 0]], biases: [1] }], divisor: 2 } },
              [safetensors]: { schema: Type.String({ format: 'binary' }) },
            },
          },
          ...problemResponses(404, 406, 409, 422, 500, 503),
        },
      },
      handler: result,
    });
    scope.delete<Identified>('/jobs/:id', {
      config: { needsKey: true },
      schema: {
        operationId: 'deleteJob',
        summary: 'Cancel and remove a job',
        description: 'Removes the job and its result; if it runs, it is cancelled.',
        tags: ['jobs'],
        ...identified,
        response: { 204: { description: 'The job has been removed', type: 'null' }, ...problemResponses(404, 500, 503) },
      },
      handler: async (request, reply) => {
        if (!(await jobs.remove(request.exchange.owner, request.params.id))) throw unknownJob();
        return reply.code(204).send();
      },
    });
  });
}
