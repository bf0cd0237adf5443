// @ts-check
// Sends a request as a job, and waits for its end.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { mediaTypes } from './documents.js';
import { retryAfter, sendUntilAnswered } from './send.js';

/** @import { Progress } from './progress.js' */
/** @import { Answer, Request } from './send.js' */

/** How often to ask for a job if the service does not say so, in seconds. */
const POLL = 1;

/**
 * @param {Request} request
 * @param {Progress} progress
 * @returns {Promise<Answer>} the answer of the job. A job that failed is refused with its problem
 */
export async function runJob(request, progress) {
  const { accept, body: _, ...options } = request;
  // The key makes its retries one job.
  const headers = { Prefer: 'respond-async', 'Idempotency-Key': randomUUID() };
  let answer = await sendUntilAnswered({ ...request, headers, accept: mediaTypes.json }, progress);
  const path = `/jobs/${encodeURIComponent(JSON.parse(answer.body.toString()).id)}`;
  // The bar stays from one question to the next.
  const staying = { ...progress, end() {} };
  try {
    for (;;) {
      const { state, parts } = JSON.parse(answer.body.toString());
      if (state === 'succeeded' || state === 'failed') break;
      progress.job(state, parts.completed, parts.total);
      await setTimeout(1000 * (retryAfter(answer) ?? POLL));
      answer = await sendUntilAnswered({ ...options, method: 'GET', path, accept: mediaTypes.json }, staying);
    }
  } finally {
    progress.end();
  }
  return sendUntilAnswered({ ...options, method: 'GET', path: `${path}/result`, accept }, progress);
}
