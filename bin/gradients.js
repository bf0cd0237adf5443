#!/usr/bin/env node
// @ts-check
// The command gradients: sends a request or data to the service, and prints the answer. In JavaScript, since Node strips no types in
// node_modules.
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { mediaTypeOf, mediaTypes, tensorsIn, toJson, withDataset, withExtras } from './documents.js';
import { describe, exitCodeOf, NoService, Refused, UsageError } from './failures.js';
import { runJob } from './jobs.js';
import { normBars } from './norms.js';
import { help, readOptions, version } from './options.js';
import { progressBar } from './progress.js';
import { putFile } from './put.js';
import { bodyOf, sendUntilAnswered } from './send.js';
import { table } from './table.js';
import { words } from './words.js';

/** @import { Options } from './options.js' */

/** @param {string[]} args */
async function main(args) {
  const options = readOptions(args, process.env);
  if (options.help) return print(help);
  if (options.version) return print(version);
  if (options.put) return print(await putFile(options, options.put, progressBar(process.stderr, 'storing')));
  const read = await readRequest(options.file);
  const mediaType = mediaTypeOf(read, options);
  const body = withExtras(withDataset(read, mediaType, options.dataset, options.rows), mediaType, options.include);
  const accept = options.save?.endsWith('.safetensors') ? mediaTypes.safetensors : mediaTypes.json;
  const progress = progressBar(process.stderr, 'computing');
  const request = { ...options, method: 'POST', path: `/${options.operation}`, body: bodyOf(body, mediaType), accept };
  const { body: answer } = await (options.wait ? runJob : sendUntilAnswered)(request, progress);
  if (options.save) await save(options.save, answer);
  if (options.operation === 'check' && !JSON.parse(`${answer}`).agrees) process.exitCode = 1;
  if (options.output) print(await shown(options.output, { body, mediaType }, { body: answer, mediaType: accept }));
}

/**
 * @param {string | undefined} file
 * @returns {Promise<Buffer>}
 */
async function readRequest(file) {
  if (file === undefined) {
    if (process.stdin.isTTY)
      process.stderr.write('gradients: type or paste a request in JSON, then Ctrl-D (gradients --help says more)\n');
    return buffer(process.stdin);
  }
  return readFile(file).catch((error) => Promise.reject(new UsageError(`cannot read ${file}: ${describe(error)}`)));
}

/**
 * @param {string} file
 * @param {Buffer} answer
 */
async function save(file, answer) {
  await writeFile(file, answer).catch((error) => Promise.reject(new UsageError(`cannot write ${file}: ${describe(error)}`)));
}

/** @typedef {{ body: Buffer, mediaType: string }} Message */

/**
 * The output for an answer.
 * @param {Options['output']} output
 * @param {Message} request
 * @param {Message} answer
 * @returns {Promise<string | Buffer>}
 */
async function shown(output, request, answer) {
  const isJson = answer.mediaType === mediaTypes.json;
  // Unchanged: this keeps the exact numbers, and saves parsing.
  if (output === 'json' && isJson) return answer.body;
  if (output === 'words') return words(JSON.parse(`${answer.body}`));
  const tensors = tensorsIn(answer.body, answer.mediaType);
  if (output === 'json') return toJson(tensors);
  const asked = tensorsIn(request.body, request.mediaType);
  return output === 'table' ? table(asked, tensors) : normBars(asked, tensors, process.stdout, process.env);
}

/**
 * Prints a text, with a line break at the end.
 * @param {string | Buffer} text
 */
function print(text) {
  process.stdout.write(text);
  process.stdout.write('\n');
}

// A reader such as head may close the pipe early.
process.stdout.on('error', (error) => process.exit(/** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE' ? 0 : 2));

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refused || error instanceof UsageError || error instanceof NoService)) throw error;
  // The text comes from the network: removes line breaks and terminal control characters.
  process.stderr.write(`gradients: ${error.message.replace(/\p{Cc}+/gu, ' ')}\n`);
  process.exitCode = exitCodeOf(error);
}
