// Who has the jobs computed that are in the store: this process, or workers that share a queue.
import type { JobRecord } from './records.ts';

export interface Scheduler {
  /** Checks whether jobs can be taken. @throws Refusal `unavailable`. */
  check(): Promise<void>;
  /**
   * Has a job computed whose record and request are in the store. What is there of its results is not computed again. Does nothing if
   * the job is at work already.
   */
  start(record: JobRecord): Promise<void>;
  /** The same for a job that has been submitted before, if others may have lost it. */
  restart(record: JobRecord): Promise<void>;
  /** Gives a job up, and calls `remove`, after which nothing of it is written any longer. */
  cancel(record: JobRecord, remove: () => Promise<void>): Promise<void>;
  /** Records as they are now: those read from the store may be older. */
  latest(records: readonly JobRecord[]): Promise<JobRecord[]>;
  /** Calls back whenever the record of a job changes, or it is removed, as far as is known here. Returns a function that ends this. */
  watch(id: string, callback: () => void): () => void;
  /** The jobs of this process that have not ended, by their states. */
  readonly counts: { readonly queued: number; readonly running: number };
  /** Begins nothing more, and interrupts what this process computes. */
  close(): Promise<void>;
}
