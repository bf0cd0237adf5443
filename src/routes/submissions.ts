// The submission of jobs: POST /<operation> with Prefer: respond-async.
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import { type Preferences, preferencesOf } from '../http/prefer.ts';
import { asItIs } from '../http/problems.ts';
import { type Jobs, RETRY_SECONDS } from '../jobs/jobs.ts';
import { hasEnded, type JobRecord } from '../jobs/records.ts';
import type { JobRequest } from '../jobs/runner.ts';
import { Refusal } from '../refusal.ts';
import type { Encoded } from '../wire/codec.ts';
import { shown, unknownJob } from './job-document.ts';
import { ELSEWHERE_MS } from './job-events.ts';

/** Makes a job of a request, if the client prefers that. `send` sends an answer. Returns false if the request is to be answered now. */
export type Submit = (request: FastifyRequest, reply: FastifyReply, body: JobRequest, send: (answer: Encoded) => void) => boolean;

/** Idempotency keys: visible ASCII characters. */
const KEY = /^[!-~]{1,255}$/;

export function submissions(app: FastifyInstance, jobs: Jobs, { DEADLINE_MS }: Pick<Config, 'DEADLINE_MS'>): Submit {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
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
    const last =
      wait === undefined ? record : await ended(jobs, record, Math.min(wait * 1000, DEADLINE_MS), exchange, closing.signal);
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

/** Waits until a job has ended, but no longer than `ms` milliseconds, or until the client has gone or the service closes. */
async function ended(
  jobs: Jobs,
  { owner, id }: JobRecord,
  ms: number,
  exchange: { atEnd(callback: () => void): void },
  closing: AbortSignal,
): Promise<JobRecord> {
  const over = new AbortController();
  exchange.atEnd(() => over.abort());
  const signal = AbortSignal.any([over.signal, closing, AbortSignal.timeout(ms)]);
  for (;;) {
    const changed = Promise.withResolvers<void>();
    const unwatch = jobs.watch(id, changed.resolve);
    const record = await jobs.get(owner, id);
    if (!record) throw unknownJob();
    if (hasEnded(record) || signal.aborted) {
      unwatch();
      return record;
    }
    await Promise.race([changed.promise, setTimeout(ELSEWHERE_MS, undefined, { signal })]).catch(() => {});
    unwatch();
  }
}
