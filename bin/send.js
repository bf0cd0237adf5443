// @ts-check
// Sends a request to the service, and retries if necessary.
import { request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, NoService, Refused } from './failures.js';

/** @import { IncomingMessage } from 'node:http' */
/** @import { Progress } from './progress.js' */

/**
 * @typedef {object} Request
 * @property {URL} url of the service
 * @property {string | undefined} apiKey
 * @property {Buffer} body
 * @property {string} mediaType of the body
 * @property {string} accept the media type of the answer
 * @property {boolean} compressed
 * @property {number} timeout of one try, in milliseconds
 * @property {number} retries
 */

/** How much is sent between two updates of the progress, in bytes. */
const CHUNK = 65_536;

/** Error codes of a broken connection. */
const broken = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Seconds before the first retry without Retry-After; doubled for each further one. */
const FIRST_WAIT = 0.25;

/**
 * Sends a request until it is answered or the retries are used up. Repeating a request is always safe.
 * @param {Request} request
 * @param {Progress} progress
 * @returns {Promise<Buffer>} the bytes of the answer
 */
export async function sendUntilAnswered(request, progress) {
  for (let retry = 0; ; retry++) {
    const wait = FIRST_WAIT * 2 ** retry;
    const signal = AbortSignal.timeout(request.timeout);
    try {
      const answer = await send(request, progress, signal);
      if (!isTemporary(answer) || retry >= request.retries) return bytesOf(request, answer);
      await pause(retryAfter(answer) ?? wait, `${answer.status}`);
    } catch (error) {
      if (error instanceof Refused || error instanceof NoService) throw error;
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (signal.aborted) throw new NoService(request.url, `no answer within ${request.timeout / 1000} s`);
      if (!broken.has(code ?? '') || retry >= request.retries)
        throw new NoService(request.url, describe(/** @type {Error} */ (error)));
      await pause(wait, 'the connection broke');
    } finally {
      progress.end();
    }
  }

  /**
   * @param {number} seconds
   * @param {string} why
   */
  async function pause(seconds, why) {
    progress.waits(seconds, why);
    await setTimeout(seconds * 1000);
  }
}

/** @typedef {{ status: number, reason: string, headers: IncomingMessage['headers'], body: Buffer }} Answer */

/**
 * @param {Request} options
 * @param {Progress} progress
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function send({ url, apiKey, body, mediaType, accept, compressed }, progress, signal) {
  const endpoint = new URL(`${url.pathname.replace(/\/$/, '')}/gradients`, url);
  const headers = {
    'Content-Type': mediaType,
    'Content-Length': body.length,
    Accept: accept,
    ...(compressed && { 'Accept-Encoding': 'gzip' }),
    ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
  };
  const start = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  const request = start(endpoint, { method: 'POST', headers, signal });
  /** @type {Promise<IncomingMessage>} */
  const begins = new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  // Errors are reported by the request. If the service answers before it has read everything, the failed upload is not an error.
  pipeline(Readable.from(chunks(body, progress), { highWaterMark: 1 }), request).catch(() => {});
  const response = await begins;
  const bytes = await buffer(response);
  if (!request.writableFinished) request.destroy();
  const isZipped = response.headers['content-encoding'] === 'gzip';
  return {
    status: Number(response.statusCode),
    reason: response.statusMessage ?? '',
    headers: response.headers,
    body: isZipped ? gunzipSync(bytes) : bytes,
  };
}

/**
 * @param {Buffer} body
 * @param {Progress} progress
 */
function* chunks(body, progress) {
  for (let at = 0; at < body.length; at += CHUNK) {
    yield body.subarray(at, at + CHUNK);
    progress.sent(Math.min(at + CHUNK, body.length));
  }
}

/** @param {Answer} answer */
function isTemporary({ status }) {
  return status === 503 || status === 429;
}

/**
 * Seconds to wait before a retry; undefined if there is no valid Retry-After.
 * @param {Answer} answer
 */
function retryAfter({ headers: { 'retry-after': value } }) {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * The answer that was asked for.
 * @param {Request} request
 * @param {Answer} answer
 */
function bytesOf({ url, accept }, { status, reason, headers, body }) {
  const mediaType = headers['content-type']?.split(';')[0] ?? 'no media type';
  if (status === 200 && mediaType === accept) return body;
  if (mediaType !== 'application/problem+json')
    throw new NoService(url, `what is there answers ${status} ${reason}, ${mediaType}`);
  throw new Refused(status, JSON.parse(body.toString()));
}
