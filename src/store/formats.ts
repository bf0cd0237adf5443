// The formats of uploads, by their media types.
import type { Config } from '../../schemas/config.ts';
import { Refusal } from '../refusal.ts';
import type { DocumentLimits } from '../wire/json-reader.ts';
import type { Upload } from './catalog.ts';
import { readCsv } from './csv.ts';
import type { Columns } from './dataset.ts';
import type { Elsewhere } from './elsewhere.ts';
import { readJson } from './json.ts';
import type { Outputs } from './outputs.ts';
import { readSafetensors } from './safetensors.ts';

/** An upload that has been received and checked. */
export interface Draft {
  readonly columns: Columns;
  /** Of references: what the ETag is the hash of, in place of the upload, and the bytes of the files. */
  readonly reference?: { readonly identity: string; readonly bytes: number };
}

/** @throws Refusal about the upload; whatever the stream or the outputs throw. */
type Format = (upload: Upload, outputs: Outputs, context: Context) => Promise<Draft>;

export interface Context {
  readonly owner: string;
  readonly places: Elsewhere;
  readonly limits: DocumentLimits & Pick<Config, 'BODY_LIMIT' | 'DATASET_LIMIT'>;
}

const formats: Readonly<Record<string, Format>> = {
  'application/vnd.safetensors': async ({ bytes }, outputs, { limits }) => ({
    columns: await readSafetensors(bytes, outputs, limits),
  }),
  'application/json': readJson,
  'text/csv': async (upload, outputs) => ({ columns: await readCsv(upload, outputs) }),
};

/** @throws Refusal `unsupported-media-type`, `invalid-request`. */
export function formatOf({ mediaType, query }: Upload): Format {
  if (!Object.hasOwn(formats, mediaType))
    throw new Refusal('unsupported-media-type', {
      detail: `expected ${Object.keys(formats).join(', ')}, got ${mediaType}`,
    });
  for (const key of ['targets', 'classes'] as const)
    if (query[key] !== undefined && mediaType !== 'text/csv')
      throw new Refusal('invalid-request', { detail: `?${key} names columns of text/csv, but the body is ${mediaType}` });
  return formats[mediaType];
}
