// The datasets of all owners: what routes, operations and jobs ask of them.
import type { Content, Dataset, Rows } from './dataset.ts';

/** What a client sends with PUT. */
export interface Upload {
  /** The essence of the Content-Type. */
  readonly mediaType: string;
  /** Of the URL: for CSV, `targets` (names separated by commas) or `classes` (one name). */
  readonly query: { readonly targets?: string; readonly classes?: string };
  /** Decompressed. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** If-Match and If-None-Match, as given. */
export interface Conditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

export interface Catalog {
  /**
   * Stores a dataset under a name. The content that it replaces is freed when its last user has ended.
   * @throws Refusal `invalid-request`, `malformed-body`, `shape-mismatch`, `body-too-large` (DATASET_LIMIT), `storage-full` (STORE_LIMIT,
   * or the disk), `precondition-failed`, `place-not-allowed`, `unsupported-media-type`; with pointers into the body if that is JSON.
   */
  put(
    owner: string,
    name: string,
    upload: Upload,
    conditions: Conditions,
  ): Promise<{ readonly dataset: Dataset; readonly isNew: boolean }>;
  /** Undefined if the owner has none of this name, or it has expired. */
  get(owner: string, name: string): Promise<Dataset | undefined>;
  list(owner: string): Promise<Dataset[]>;
  /** Returns whether there was one. @throws Refusal `precondition-failed`; `invalid-request`, if a condition is no list of ETags. */
  remove(owner: string, name: string, conditions: Conditions): Promise<boolean>;
  /**
   * The rows from `first` to `end` (excluded) of a content, widened to float64, in shared memory.
   * @throws Refusal `dataset-changed`, if a referenced file is another one than at its PUT; `unknown-dataset`, if it has been removed.
   */
  read(content: Content, first: number, end: number): Promise<Rows>;
  close(): Promise<void>;
}
