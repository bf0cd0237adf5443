// @ts-check
// Shows the progress of sending a large request, on a terminal.

/** Bodies shorter than this, in bytes, get no progress bar: they are sent too quickly. */
const LARGE = 2 ** 20;

const BAR = 30;

/** @typedef {{ sent(bytes: number): void, waits(seconds: number, why: string): void, end(): void }} Progress */

/**
 * @param {{ isTTY?: boolean, write(text: string): unknown }} stream
 * @param {number} total of the body, in bytes
 * @returns {Progress}
 */
export function progressBar(stream, total) {
  if (!stream.isTTY) return { sent() {}, waits() {}, end() {} };
  let shown = '';
  const show = (/** @type {string} */ line) => {
    if (line !== shown) stream.write(`\r\x1b[K${line}`);
    shown = line;
  };
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  return {
    sent(bytes) {
      if (total < LARGE) return;
      const part = bytes / total;
      const bar = '#'.repeat(Math.round(part * BAR)).padEnd(BAR, '-');
      const then = bytes === total ? ', computing' : ` of ${megabytes(total)} MB`;
      show(`[${bar}] ${Math.floor(part * 100)} %  ${megabytes(bytes)}${bytes === total ? ' MB sent' : ''}${then}`);
    },
    waits: (seconds, why) => show(`${why}; again in ${seconds} s`),
    end: () => show(''),
  };
}
