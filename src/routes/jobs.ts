// GET /jobs, GET and DELETE /jobs/{id}, GET /jobs/{id}/result; and the submission of jobs by POST /<operation> with Prefer: respond-async.
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import { Job, JobList } from '../../schemas/job.ts';
import { preferred } from '../http/accept.ts';
import { payloadOf } from '../http/large-answers.ts';
import { type Preferences, preferencesOf } from '../http/prefer.ts';
import { asItIs, problemOf } from '../http/problems.ts';
import { problemResponses } from '../http/responses.ts';
import { liveLong } from '../http/upload.ts';
import { type Jobs, RETRY_SECONDS } from '../jobs/jobs.ts';
import { hasEnded, type JobRecord } from '../jobs/records.ts';
import type { JobRequest } from '../jobs/runner.ts';
import { Refusal } from '../refusal.ts';
import type { Encoded } from '../wire/codec.ts';
import { mediaTypes } from '../wire/codecs.ts';

/** How long a stream of events is silent before a comment is sent, so that proxies keep it open. */
const HEARTBEAT_MS = 15_000;

/** How often the store is asked for a job that runs in another process. */
const ELSEWHERE_MS = 1_000;

/** The most streams of events of one owner. */
const MOST_STREAMS = 100;

const EVENTS = 'text/event-stream';

/** The job as the service shows it. */
function shown(record: JobRecord, jobs: Jobs): Job {
  const { id, operation, state, plan, completed, created, started, ended, problem } = record;
  const expires = jobs.expiryOf(record);
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    id,
    operation,
    state,
    parts: { total: plan.parts, completed },
    created: time(created),
    ...(started !== undefined && { started: time(started) }),
    ...(ended !== undefined && { ended: time(ended) }),
    ...(expires !== undefined && { expires: time(expires) }),
    ...(problem && { problem: problemOf(problem.type, problem.refused) }),
  };
}

function unknownJob(): Refusal {
  return new Refusal('not-found', { detail: 'there is no such job: it was deleted or has expired, or its id is wrong' });
}

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
    return reply.send(Readable.from(eventsOf(record, jobs, closing.promise, abort.signal)));
  };

  const get = async (request: FastifyRequest<Identified>, reply: FastifyReply): Promise<FastifyReply> => {
    const record = await find(request);
    const type = preferred(request, ['application/json', EVENTS]);
    if (!type)
      throw new Refusal('not-acceptable', {
        detail: `there is application/json, ${EVENTS}; Accept is ${request.headers.accept}`,
      });
    if (type === EVENTS) return sendEvents(request, reply, record);
    if (!hasEnded(record)) reply.header('retry-after', RETRY_SECONDS);
    return reply
      .type('application/json')
      .serializer(asItIs)
      .send(JSON.stringify(shown(record, jobs)));
  };

  const result = async (request: FastifyRequest<Identified>, reply: FastifyReply): Promise<FastifyReply> => {
    const record = await find(request);
    const type = preferred(request, mediaTypes);
    if (!type)
      throw new Refusal('not-acceptable', { detail: `there is ${mediaTypes.join(', ')}; Accept is ${request.headers.accept}` });
    const answer = await jobs.result(record, type);
    return reply
      .type(type)
      .serializer(asItIs)
      .send(payloadOf(request, reply, answer, answerTimeoutMs));
  };

  await app.register(async (scope) => {
    const identified = { params: Type.Object({ id: Job.properties.id }) };
    const json = (schema: TSchema, description: string, example: object) => ({
      description,
      content: { 'application/json': { schema, example } },
    });
    scope.get('/jobs', {
      config: { needsKey: true },
      schema: {
        operationId: 'listJobs',
        summary: 'The jobs of this client',
        description: 'All keys of an owner see the same jobs.',
        tags: ['jobs'],
        response: { 200: json(JobList, 'Newest first', { jobs: [EXAMPLE] }), ...problemResponses(500) },
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
              'application/json': { schema: Job, example: EXAMPLE },
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
            content: Object.fromEntries(mediaTypes.map((type) => [type, { schema: Type.Any() }])),
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
        response: { 204: { description: 'The job has been removed', type: 'null' }, ...problemResponses(404, 500) },
      },
      handler: async (request, reply) => {
        if (!(await jobs.remove(request.exchange.owner, request.params.id))) throw unknownJob();
        return reply.code(204).send();
      },
    });
  });
}

const EXAMPLE: Job = {
  id: '6f1d2c3b4a59687766554433221100ff',
  operation: 'gradients',
  state: 'running',
  parts: { total: 40, completed: 12 },
  created: '2026-12-01T12:00:00.000Z',
  started: '2026-12-01T12:00:00.150Z',
};

/**
 * The events of a job: its state, and then each change of it. They are made when the client takes them, so that a slow one gets only the
 * latest.
 */
async function* eventsOf(first: JobRecord, jobs: Jobs, closing: Promise<void>, signal: AbortSignal): AsyncGenerator<string> {
  const { owner, id } = first;
  let record: JobRecord | undefined = first;
  let sent = '';
  let silent = 0;
  for (;;) {
    const changed = Promise.withResolvers<'changed'>();
    const unwatch = jobs.watch(id, () => changed.resolve('changed'));
    try {
      if (!record) {
        yield event('removed', JSON.stringify({ id }));
        return;
      }
      const text = JSON.stringify(shown(record, jobs));
      if (text !== sent) {
        yield event(record.state, text);
        sent = text;
        silent = 0;
      }
      if (hasEnded(record)) return;
      const timer = new AbortController();
      const pause = setTimeout(ELSEWHERE_MS, 'time' as const, { signal: AbortSignal.any([signal, timer.signal]), ref: false });
      const what = await Promise.race([changed.promise, pause, closing.then(() => 'closing' as const)]).catch(() => 'closing');
      timer.abort();
      if (what === 'closing') return;
      silent += what === 'time' ? ELSEWHERE_MS : 0;
      if (silent >= HEARTBEAT_MS) {
        yield ': the job goes on\n\n';
        silent = 0;
      }
    } finally {
      unwatch();
    }
    record = await jobs.get(owner, id);
  }
}

function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** Makes a job of a request, if the client prefers that. `send` sends an answer. Returns false if the request is to be answered now. */
export type Submit = (request: FastifyRequest, reply: FastifyReply, body: JobRequest, send: (answer: Encoded) => void) => boolean;

/** Idempotency keys: visible ASCII characters. */
const KEY = /^[!-~]{1,255}$/;

export function submissions(jobs: Jobs, { DEADLINE_MS }: Pick<Config, 'DEADLINE_MS'>): Submit {
  return (request, reply, body, send) => {
    const preferences = preferencesOf(`${request.headers.prefer}`);
    if (!preferences.respondAsync) return false;
    submit(request, reply, body, send, preferences).catch((error) => reply.send(error));
    return true;
  };

  async function submit(
    request: FastifyRequest,
    reply: FastifyReply,
    { operation, mediaType, bytes }: JobRequest,
    send: (answer: Encoded) => void,
    { wait }: Preferences,
  ): Promise<void> {
    const { exchange } = request;
    const key = keyOf(request);
    const record = await jobs.submit(exchange.owner, { operation, mediaType, bytes }, key);
    const applied = wait === undefined ? 'respond-async' : `respond-async, wait=${wait}`;
    reply.header('preference-applied', applied);
    const last = wait === undefined ? record : await ended(jobs, record, Math.min(wait * 1000, DEADLINE_MS), exchange);
    if (hasEnded(last) && wait !== undefined) {
      reply.header('content-location', `/jobs/${record.id}/result`);
      send(await jobs.result(last, exchange.answerType));
      return;
    }
    reply
      .code(202)
      .headers({ location: `/jobs/${record.id}`, 'retry-after': RETRY_SECONDS })
      .type('application/json')
      .serializer(asItIs)
      .send(JSON.stringify(shown(last, jobs)));
  }
}

/** @throws Refusal `invalid-request`. */
function keyOf({ headers }: FastifyRequest): string | undefined {
  const { 'idempotency-key': key } = headers;
  if (key === undefined || (typeof key === 'string' && KEY.test(key))) return key;
  throw new Refusal('invalid-request', {
    detail: 'expected an Idempotency-Key of 1 to 255 visible ASCII characters, such as a random UUID',
  });
}

/** Waits until a job has ended, but no longer than `ms` milliseconds, or until the client has gone. */
async function ended(
  jobs: Jobs,
  { owner, id }: JobRecord,
  ms: number,
  exchange: { atEnd(callback: () => void): void },
): Promise<JobRecord> {
  const over = new AbortController();
  exchange.atEnd(() => over.abort());
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ms)]);
  for (;;) {
    const changed = Promise.withResolvers<void>();
    const unwatch = jobs.watch(id, changed.resolve);
    const record = await jobs.get(owner, id);
    if (!record) throw unknownJob();
    if (hasEnded(record) || signal.aborted) {
      unwatch();
      return record;
    }
    await Promise.race([changed.promise, setTimeout(ELSEWHERE_MS, undefined, { signal, ref: false })]).catch(() => {});
    unwatch();
  }
}
