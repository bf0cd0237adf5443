// @ts-check
// Sends a request to the service, and retries if necessary.
import { request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { clearTimeout, setTimeout as startTimer } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, NoService, Refused } from './failures.js';

/** @import { IncomingMessage } from 'node:http' */
/** @import { Progress } from './progress.js' */

/**
 * @typedef {object} Body
 * @property {number} length in bytes
 * @property {string} mediaType
 * @property {() => Iterable<Buffer> | AsyncIterable<Buffer>} chunks is called again for each retry
 */

/**
 * @typedef {object} Request
 * @property {URL} url of the service
 * @property {string | undefined} apiKey
 * @property {string} method
 * @property {string} path
 * @property {Body} [body]
 * @property {Record<string, string>} [headers] further ones
 * @property {string} accept the media type of the answer
 * @property {boolean} compressed
 * @property {number} timeout without a byte of the body taken, or of an answer, in milliseconds
 * @property {number} retries
 */

/** How much is sent between two updates of the progress, in bytes. */
const CHUNK = 65_536;

/** Error codes of a broken connection. */
const broken = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Seconds before the first retry without Retry-After; doubled for each further one. */
const FIRST_WAIT = 0.25;

/**
 * Sends a request until it is answered or the retries are used up. Repeating a request is always safe: that for a job has a key.
 * @param {Request} request
 * @param {Progress} progress
 * @returns {Promise<Answer>} what was asked for
 */
export async function sendUntilAnswered(request, progress) {
  for (let retry = 0; ; retry++) {
    const wait = FIRST_WAIT * 2 ** retry;
    const controller = new AbortController();
    const { signal } = controller;
    const timer = startTimer(() => controller.abort(), request.timeout);
    try {
      const answer = await send(request, progress, timer, signal);
      if (!isTemporary(answer) || retry >= request.retries) return accepted(request, answer);
      await pause(retryAfter(answer) ?? wait, `${answer.status}`);
    } catch (error) {
      if (error instanceof Refused || error instanceof NoService) throw error;
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (signal.aborted) throw new NoService(request.url, `no answer within ${request.timeout / 1000} s`);
      if (!broken.has(code ?? '') || retry >= request.retries)
        throw new NoService(request.url, describe(/** @type {Error} */ (error)));
      await pause(wait, 'the connection broke');
    } finally {
      clearTimeout(timer);
      progress.end();
    }
  }

  /**
   * @param {number} seconds
   * @param {string} why
   */
  async function pause(seconds, why) {
    progress.waits(seconds, why);
    await sleep(seconds * 1000);
  }
}

/** @typedef {{ status: number, reason: string, headers: IncomingMessage['headers'], body: Buffer }} Answer */

/**
 * @param {Request} options
 * @param {Progress} progress
 * @param {NodeJS.Timeout} timer is restarted whenever a part of the body has been taken
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function send({ url, apiKey, method, path, body, headers: others, accept, compressed }, progress, timer, signal) {
  const endpoint = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url);
  const headers = {
    ...(body && { 'Content-Type': body.mediaType, 'Content-Length': body.length }),
    Accept: accept,
    ...(compressed && { 'Accept-Encoding': 'gzip' }),
    ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
    ...others,
  };
  const start = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  const request = start(endpoint, { method, headers, signal });
  /** @type {Promise<IncomingMessage>} */
  const begins = new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  // Errors are reported by the request. If the service answers before it has read everything, the failed upload is not an error.
  const taken = (/** @type {number} */ bytes, /** @type {number} */ total) => {
    timer.refresh();
    progress.sent(bytes, total);
  };
  if (body) pipeline(Readable.from(sending(body, taken), { highWaterMark: 1 }), request).catch(() => {});
  else request.end();
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
 * The chunks of a body; says how much of it has been taken.
 * @param {Body} body
 * @param {(bytes: number, total: number) => void} taken
 */
async function* sending({ length, chunks }, taken) {
  let bytes = 0;
  for await (const chunk of chunks()) {
    yield chunk;
    bytes += chunk.length;
    taken(bytes, length);
  }
}

/**
 * A body that is in memory.
 * @param {Buffer} bytes
 * @param {string} mediaType
 * @returns {Body}
 */
export function bodyOf(bytes, mediaType) {
  return {
    length: bytes.length,
    mediaType,
    *chunks() {
      for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
    },
  };
}

/** @param {Answer} answer */
function isTemporary({ status }) {
  return status === 503 || status === 429;
}

/**
 * Seconds to wait before a retry; undefined if there is no valid Retry-After.
 * @param {Answer} answer
 */
export function retryAfter({ headers: { 'retry-after': value } }) {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * The answer that was asked for.
 * @param {Request} request
 * @param {Answer} answer
 */
function accepted({ url, accept }, answer) {
  const { status, reason, headers, body } = answer;
  const mediaType = headers['content-type']?.split(';')[0] ?? 'no media type';
  if (status >= 200 && status < 300 && mediaType === accept) return answer;
  if (mediaType !== 'application/problem+json')
    throw new NoService(url, `what is there answers ${status} ${reason}, ${mediaType}`);
  throw new Refused(status, JSON.parse(body.toString()));
}
