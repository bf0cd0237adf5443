// Jobs in this process: each job is a run, and the runs take turns.
import type { Store } from '../store/store.ts';
import { hasEnded, type JobRecord, Records } from './records.ts';
import { Run, type RunOptions } from './run.ts';
import type { Scheduler } from './scheduler.ts';
import { Turns } from './turns.ts';

/** How many parts are computed at a time: while one is computed, the rows of the next are read. */
const PARTS_AT_ONCE = 3;

export interface InProcessOptions
  extends Pick<RunOptions, 'runner' | 'log' | 'onPart'>,
    Partial<Pick<RunOptions, 'wait' | 'now'>> {
  /** Opens the store, when it is first needed. */
  readonly store: () => Promise<Store>;
  /** Called when a job no longer needs its dataset. */
  readonly onEnd: (record: JobRecord) => Promise<void>;
}

export class InProcess implements Scheduler {
  readonly #options: InProcessOptions & Pick<RunOptions, 'now'>;
  readonly #turns = new Turns(PARTS_AT_ONCE);
  /** The jobs that wait or run, by their ids. */
  readonly #runs = new Map<string, Run>();
  #isClosed = false;

  constructor(options: InProcessOptions) {
    this.#options = { now: Date.now, ...options };
  }

  async check(): Promise<void> {}

  async start(record: JobRecord): Promise<void> {
    const { store, onEnd, log, ...options } = this.#options;
    const records = new Records(await store());
    const { fingerprint } = options.runner;
    const own = record.fingerprint === fingerprint ? record : await records.renew(record, fingerprint);
    if (this.#isClosed || this.#runs.has(record.id)) return;
    const run = new Run(own, { ...options, log, records, turns: this.#turns, partsAtOnce: PARTS_AT_ONCE });
    this.#runs.set(record.id, run);
    void run.run().then(async () => {
      this.#runs.delete(record.id);
      if (hasEnded(run.record))
        await onEnd(run.record).catch((error) => log.error(error, 'the dataset of a job could not be freed'));
    });
  }

  /** A process that ended goes on with its jobs when it starts again: another one must not take them. */
  async restart(): Promise<void> {}

  async cancel({ id }: JobRecord, remove: () => Promise<void>): Promise<void> {
    const run = this.#runs.get(id);
    run?.stop();
    await run?.settled();
    await remove();
    run?.notify();
  }

  async latest(records: readonly JobRecord[]): Promise<JobRecord[]> {
    return records.map((record) => this.#runs.get(record.id)?.record ?? record);
  }

  watch(id: string, callback: () => void): () => void {
    return this.#runs.get(id)?.watch(callback) ?? (() => {});
  }

  get counts(): { readonly queued: number; readonly running: number } {
    const states = [...this.#runs.values()].map(({ record }) => record.state);
    const count = (state: string) => states.filter((one) => one === state).length;
    return { queued: count('queued'), running: count('running') };
  }

  /** Interrupts all jobs: they go on when the service is started again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const run of this.#runs.values()) run.stop();
    await Promise.all([...this.#runs.values()].map((run) => run.settled()));
  }
}
