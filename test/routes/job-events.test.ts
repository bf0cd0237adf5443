// Events of a job that runs elsewhere: the store is asked, and a comment keeps the connection open.
import t from 'tap';
import type { JobRecord } from '../../src/jobs/records.ts';
import { eventsOf } from '../../src/routes/job-events.ts';

const record: JobRecord = {
  id: '0'.repeat(32),
  fingerprint: 'own',
  owner: 'owner',
  operation: 'gradients',
  mediaType: 'application/json',
  plan: { samples: 1, flops: 1, parts: 2, samplesPerPart: 1, nodeBytes: 1 },
  digest: '',
  state: 'running',
  completed: 0,
  created: 0,
};

const forever = { closing: new Promise<void>(() => {}), gone: new AbortController().signal };

t.test('a change that nobody tells of is seen; silence is broken by comments', async (t) => {
  let now: JobRecord | undefined = record;
  const jobs = { get: async () => now, watch: () => () => {}, expiryOf: () => undefined };
  const events = eventsOf(record, jobs, forever, 5);
  const next = async () => (await events.next()).value as string;
  t.match(await next(), /^event: running\ndata: .*"completed":0/);
  t.equal(await next(), ': the job goes on\n\n');
  now = { ...record, completed: 1 };
  t.match(await next(), /^event: running\ndata: .*"completed":1/);
  now = undefined;
  t.equal(await next(), `event: removed\ndata: {"id":"${record.id}"}\n\n`);
  t.equal((await events.next()).done, true);
});

t.test('the stream ends when the service closes, and when the client has gone', async (t) => {
  const jobs = { get: async () => record, watch: () => () => {}, expiryOf: () => undefined };
  const gone = new AbortController();
  const closing = Promise.withResolvers<void>();
  for (const [ends, end] of [
    [{ ...forever, closing: closing.promise }, () => closing.resolve()],
    [{ ...forever, gone: gone.signal }, () => gone.abort()],
  ] as const) {
    const events = eventsOf(record, jobs, ends);
    await events.next();
    const last = events.next();
    end();
    t.equal((await last).done, true);
  }
});
