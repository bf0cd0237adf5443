// What reading an upload takes and gives.
import type { Config } from '../../schemas/config.ts';
import type { DocumentLimits } from '../wire/json-reader.ts';
import type { Columns } from './dataset.ts';
import type { Elsewhere } from './elsewhere.ts';

/** An upload that has been received and checked. */
export interface Draft {
  readonly columns: Columns;
  /** Of references: what the ETag is the hash of, in place of the upload, and the bytes of the files. */
  readonly reference?: { readonly identity: string; readonly bytes: number };
}

export interface Context {
  readonly owner: string;
  readonly places: Elsewhere;
  readonly limits: DocumentLimits & Pick<Config, 'BODY_LIMIT' | 'DATASET_LIMIT'>;
}
