// @ts-check
// Shows the progress of sending a large body, and of a job, on a terminal.

/** Bodies shorter than this, in bytes, get no progress bar: they are sent too quickly. */
const LARGE = 2 ** 20;

const BAR = 30;

/**
 * @typedef {object} Progress
 * @property {(bytes: number, total: number) => void} sent how much of a body
 * @property {(state: string, completed: number, total: number) => void} job how many of its parts
 * @property {(seconds: number, why: string) => void} waits
 * @property {() => void} end
 */

/**
 * @param {{ isTTY?: boolean, write(text: string): unknown }} stream
 * @param {string} next what the service does when it has a body
 * @returns {Progress}
 */
export function progressBar(stream, next) {
  if (!stream.isTTY) return { sent() {}, job() {}, waits() {}, end() {} };
  let shown = '';
  const show = (/** @type {string} */ line) => {
    if (line !== shown) stream.write(`\r\x1b[K${line}`);
    shown = line;
  };
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  const bar = (/** @type {number} */ part) =>
    `[${'#'.repeat(Math.round(part * BAR)).padEnd(BAR, '-')}] ${Math.floor(part * 100)} %`;
  return {
    sent(bytes, total) {
      if (total < LARGE) return;
      const then = bytes === total ? ` MB sent, ${next}` : ` of ${megabytes(total)} MB`;
      show(`${bar(bytes / total)}  ${megabytes(bytes)}${then}`);
    },
    job: (state, completed, total) => show(`${bar(completed / total)}  ${state}, ${completed} of ${total} parts`),
    waits: (seconds, why) => show(`${why}; again in ${seconds} s`),
    end: () => show(''),
  };
}
