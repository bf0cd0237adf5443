// @ts-check
// Sends a file with data to the service, as a dataset.
import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { mediaTypes } from './documents.js';
import { describe, UsageError } from './failures.js';
import { sendUntilAnswered } from './send.js';

/** @import { Options, Put } from './options.js' */
/** @import { Progress } from './progress.js' */

/** Of a file, by the end of its name. */
const byEnding = { '.safetensors': mediaTypes.safetensors, '.csv': 'text/csv', '.json': mediaTypes.json };

/**
 * @param {Options} options
 * @param {Put} put
 * @param {Progress} progress
 * @returns {Promise<Buffer>} what the service says of the dataset
 */
export async function putFile(options, { name, file, targets, classes }, progress) {
  const ending = /** @type {keyof typeof byEnding} */ (extname(file));
  const mediaType = byEnding[ending];
  if (mediaType === undefined)
    throw new UsageError(`put: expected a file that ends in ${Object.keys(byEnding).join(', ')}, got ${file}`);
  const columns = Object.entries({ targets, classes }).filter(([, value]) => value !== undefined);
  if (columns.length > 0 && ending !== '.csv')
    throw new UsageError(`put: --${columns[0][0]} names columns of CSV; ${file} names its arrays itself`);
  const query = columns.map(([key, value]) => `${key}=${encodeURIComponent(`${value}`)}`).join('&');
  const body = { length: await sizeOf(file), mediaType, chunks: () => createReadStream(file) };
  const path = `/datasets/${encodeURIComponent(name)}${query && `?${query}`}`;
  const answer = await sendUntilAnswered({ ...options, method: 'PUT', path, body, accept: mediaTypes.json }, progress);
  return answer.body;
}

/**
 * The size of a file that can be read.
 * @param {string} file
 */
async function sizeOf(file) {
  try {
    await access(file, constants.R_OK);
    const status = await stat(file);
    if (!status.isFile()) throw new UsageError(`cannot read ${file}: it is not a file`);
    return status.size;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${describe(/** @type {Error} */ (error))}`);
  }
}
