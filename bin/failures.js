// @ts-check
// Why the command ends without an answer.

/** The service refuses the request, by a problem document (RFC 9457). */
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

/** An option is wrong, or a file cannot be read or written. */
export class UsageError extends Error {}

/** There is no answer, or it is none of the service's. */
export class NoService extends Error {
  /**
   * @param {URL} url
   * @param {string} why
   */
  constructor(url, why) {
    // Without a password that may stand in it.
    super(`no service at ${url.origin}${url.pathname.replace(/\/$/, '')}: ${why}`);
  }
}

/** @param {Refused | UsageError | NoService} failure */
export function exitCodeOf(failure) {
  if (failure instanceof Refused) return 1;
  return failure instanceof UsageError ? 2 : 3;
}

/**
 * A system's error in words, without the name of the file or address, which are said already.
 * @param {NodeJS.ErrnoException} error
 */
export function describe({ message, code, syscall }) {
  const words = /^[A-Z]+: ([^,]*)/.exec(message)?.[1] ?? message;
  return words || `${syscall ?? 'connect'} ${code}`;
}
