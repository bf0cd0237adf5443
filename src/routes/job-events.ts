// A job as server-sent events: its state, and then each change of it.
import { setTimeout } from 'node:timers/promises';
import type { Jobs } from '../jobs/jobs.ts';
import { hasEnded, type JobRecord } from '../jobs/records.ts';
import { shown } from './job-document.ts';

/** How long a stream of events is silent before a comment is sent, so that proxies keep it open. */
const HEARTBEAT_MS = 15_000;

/** How often the store is asked for a job that runs in another process. */
export const ELSEWHERE_MS = 1_000;

/** The end of a stream that is not that of the job. */
export interface Ends {
  /** The service closes. */
  readonly closing: Promise<void>;
  /** The client has gone. */
  readonly gone: AbortSignal;
}

/**
 * The events of a job until it has ended or was removed. They are made when the client takes them, so that a slow one gets only the
 * latest.
 */
export async function* eventsOf(
  { owner, id }: Pick<JobRecord, 'owner' | 'id'>,
  jobs: Pick<Jobs, 'get' | 'watch' | 'expiryOf'>,
  { closing, gone }: Ends,
  heartbeatMs = HEARTBEAT_MS,
): AsyncGenerator<string> {
  const closed = closing.then(() => 'end' as const);
  let sent = '';
  let silentSince = performance.now();
  for (;;) {
    const changed = Promise.withResolvers<'changed'>();
    const unwatch = jobs.watch(id, () => changed.resolve('changed'));
    try {
      const record = await jobs.get(owner, id);
      if (!record) {
        yield event('removed', JSON.stringify({ id }));
        return;
      }
      const text = JSON.stringify(shown(record, jobs));
      const isSilent = performance.now() - silentSince >= heartbeatMs;
      if (text !== sent || isSilent) {
        yield text === sent ? ': the job goes on\n\n' : event(record.state, text);
        silentSince = performance.now();
        sent = text;
      }
      if (hasEnded(record)) return;
      const pause = new AbortController();
      const signal = AbortSignal.any([gone, pause.signal]);
      const passed = setTimeout(Math.min(ELSEWHERE_MS, heartbeatMs), 'time' as const, { signal });
      const what = await Promise.race([changed.promise, passed, closed]).catch(() => 'end' as const);
      pause.abort();
      if (what === 'end') return;
    } finally {
      unwatch();
    }
  }
}

function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
