// Jobs in a store of their own, with a runner that shows what is computed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { InProcess, type InProcessOptions } from '../../src/jobs/in-process.ts';
import { Jobs, type JobsOptions } from '../../src/jobs/jobs.ts';
import { hasEnded, type JobRecord } from '../../src/jobs/records.ts';
import { Refusal } from '../../src/refusal.ts';
import { FolderStore } from '../../src/store/folder.ts';
import { SummingRunner } from './summing-runner.ts';

export const START = Date.UTC(2026, 0, 1);
export const JSON_TYPE = 'application/json';

export interface Fixture {
  readonly jobs: Jobs;
  readonly runner: SummingRunner;
  readonly store: FolderStore;
  readonly waits: number[];
  readonly parts: string[];
  readonly errors: string[];
  readonly ended: string[];
  at(ms: number): void;
}

export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function start(t: Test, options: Partial<JobsOptions & InProcessOptions> = {}, folder = folderOf(t)): Fixture {
  const runner = new SummingRunner();
  const store = new FolderStore(folder);
  const [waits, parts, errors, ended]: [number[], string[], string[], string[]] = [[], [], [], []];
  let now = START;
  const all = {
    store: async () => store,
    runner,
    limits: { MAX_JOBS: 3, JOB_TTL: 60 },
    reserve: async () => {},
    onEnd: async ({ id }: JobRecord) => void ended.push(id),
    onPart: (outcome: string) => void parts.push(outcome),
    wait: async (ms: number) => void waits.push(ms),
    log: { error: (error: unknown) => void errors.push(`${error}`) },
    now: () => now,
    ...options,
  };
  const jobs = new Jobs({ scheduler: new InProcess(all), ...all });
  t.teardown(() => jobs.close());
  const at = (ms: number) => {
    now = START + ms;
  };
  return { jobs, runner, store, waits, parts, errors, ended, at };
}

export const requestOf = (text: string) => ({
  operation: 'gradients',
  mediaType: JSON_TYPE as 'application/json',
  bytes: new Uint8Array(Buffer.from(text)),
});

export async function endOf(jobs: Jobs, { owner, id }: JobRecord): Promise<JobRecord> {
  for (;;) {
    const changed = Promise.withResolvers<void>();
    const unwatch = jobs.watch(id, changed.resolve);
    const record = await jobs.get(owner, id);
    if (!record || hasEnded(record)) {
      unwatch();
      return record as JobRecord;
    }
    await changed.promise;
    unwatch();
  }
}

export async function keysOf(store: FolderStore, prefix = 'jobs/'): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix)))
    .map(({ key }) => key.split('/').slice(3).join('/').replace('nodes/letters/', 'nodes/'))
    .filter(Boolean)
    .sort();
}

export async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (error instanceof Refusal) return `${error.type}: ${error.message}`;
  throw error ?? new Error('expected a refusal');
}

export const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
export const twice = (text: string) => text + text.toUpperCase();
