// @ts-check
// The errors that end the command, with their exit codes.

/** The service refused the request with a problem document (RFC 9457). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ title?: string, detail?: string, errors?: { pointer: string, detail: string }[] }} problem
   */
  constructor(status, { title, detail, errors }) {
    const findings = errors?.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ');
    super(`${status} ${title}: ${findings ?? detail}`);
  }
}

/** An invalid option, or a file that cannot be read or written. */
export class UsageError extends Error {}

/** No answer, or an answer that does not come from the service. */
export class NoService extends Error {
  /**
   * @param {URL} url
   * @param {string} why
   */
  constructor(url, why) {
    // Only origin and path: the URL may contain a password.
    super(`no service at ${url.origin}${url.pathname.replace(/\/$/, '')}: ${why}`);
  }
}

/** @param {Refused | UsageError | NoService} failure */
export function exitCodeOf(failure) {
  if (failure instanceof Refused) return 1;
  return failure instanceof UsageError ? 2 : 3;
}

/**
 * Describes a system error, without the file name or address, which the caller adds.
 * @param {NodeJS.ErrnoException} error
 */
export function describe({ message, code, syscall }) {
  const words = /^[A-Z]+: ([^,]*)/.exec(message)?.[1] ?? message;
  return words || `${syscall ?? 'connect'} ${code}`;
}
