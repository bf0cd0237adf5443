// The header Prefer (RFC 7240): whether a client wants a job, and how long it waits for its end.

export interface Preferences {
  readonly respondAsync: boolean;
  /** In seconds. */
  readonly wait: number | undefined;
}

/** A preference with its value, a token or a quoted string, and its parameters. */
const PREFERENCE = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~-]*)))?\s*(?:;.*)?$/s;

/** A comma outside of quotes. */
const COMMA = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/;

/** A longer header is ignored, as any preference may be: the expressions above take quadratic time. */
const MOST_CHARACTERS = 500;

/** Reads the preferences that this service knows; of one that is given twice, the first counts. Malformed ones are ignored. */
export function preferencesOf(header: string): Preferences {
  if (header.length > MOST_CHARACTERS) return { respondAsync: false, wait: undefined };
  const given = new Map<string, string>();
  for (const text of header.split(COMMA)) {
    const [, name, quoted, token] = PREFERENCE.exec(text) ?? [];
    const key = name?.toLowerCase();
    if (key !== undefined && !given.has(key)) given.set(key, quoted?.replace(/\\(.)/gs, '$1') ?? token ?? '');
  }
  const wait = given.get('wait');
  return {
    respondAsync: given.has('respond-async'),
    wait: wait !== undefined && /^\d{1,9}$/.test(wait) ? Number(wait) : undefined,
  };
}
