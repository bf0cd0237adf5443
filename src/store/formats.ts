// The formats of uploads, by their media types.
import { Refusal } from '../refusal.ts';
import type { Upload } from './catalog.ts';
import { readCsv } from './csv.ts';
import type { Context, Draft } from './draft.ts';
import { readJson } from './json.ts';
import type { Outputs } from './outputs.ts';
import { readSafetensors } from './safetensors.ts';

/** @throws Refusal about the upload; whatever the stream or the outputs throw. */
type Format = (upload: Upload, outputs: Outputs, context: Context) => Promise<Draft>;

const formats: Readonly<Record<string, Format>> = {
  'application/vnd.safetensors': async ({ bytes }, outputs, { limits }) => ({
    columns: await readSafetensors(bytes, outputs, limits),
  }),
  'application/json': readJson,
  'text/csv': async (upload, outputs) => ({ columns: await readCsv(upload, outputs) }),
};

/** The media types of uploads. */
export const uploadTypes: readonly string[] = Object.keys(formats);

/** @throws Refusal `unsupported-media-type`, `invalid-request`. */
export function formatOf({ mediaType, query }: Upload): Format {
  if (!Object.hasOwn(formats, mediaType))
    throw new Refusal('unsupported-media-type', {
      detail: `expected the Content-Type ${uploadTypes.join(', ')}, got ${mediaType}`,
    });
  for (const key of ['targets', 'classes'] as const)
    if (query[key] !== undefined && mediaType !== 'text/csv')
      throw new Refusal('invalid-request', { detail: `?${key} names columns of text/csv, but the body is ${mediaType}` });
  return formats[mediaType];
}
