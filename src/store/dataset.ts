// What a dataset is: arrays, a row per sample, as bytes in the store or in a file that lies elsewhere.

import type { Dtype } from '../wire/dtypes.ts';

export type { Dtype };

/** Where bytes lie: in an object of the store, or in a file in a place that the operator allows, pinned by its version. */
export type Source =
  | { readonly object: string }
  | {
      readonly url: string;
      /** The ETag in S3; size, time of change and inode of a file. */
      readonly version: string;
    };

/** A row-major array. */
export interface Column {
  readonly source: Source;
  /** Where it begins in its source, in bytes. */
  readonly offset: number;
  readonly dtype: Dtype;
  /** [samples] or [samples, units]. */
  readonly shape: readonly number[];
}

/** The arrays of a dataset. It may have neither targets nor classes, for operations that need none. */
export interface Columns {
  readonly inputs: Column;
  readonly targets?: Column;
  readonly classes?: Column;
  readonly sample_weights?: Column;
}

export type ColumnName = keyof Columns;

/** The content of a dataset. It never changes: what is put under the name later is another content. */
export interface Content {
  /** A strong ETag without its quotes: the SHA-256 of what was uploaded, or of the references. */
  readonly etag: string;
  readonly columns: Columns;
  /** The bytes that it takes in the store; of references, those that are read. */
  readonly bytes: number;
}

/** A dataset of an owner. */
export interface Dataset extends Content {
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly expires: number;
}

/** Rows of a dataset in float64, in shared memory: the arrays that `batch` has inline. */
export interface Rows {
  readonly inputs: { readonly shape: readonly number[]; readonly data: Float64Array };
  readonly targets?: { readonly shape: readonly number[]; readonly data: Float64Array };
  readonly classes?: Float64Array;
  readonly sample_weights?: Float64Array;
}
