/** The texts of a dictionary that need no parameters and have a word of English prose. */
export function textsOf(of: unknown): string[] {
  if (typeof of === 'string') return /[a-z]{3}/.test(of) ? [of] : [];
  return of instanceof Object && typeof of !== 'function' ? Object.values(of).flatMap(textsOf) : [];
}
