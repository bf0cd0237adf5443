// API keys: loads them, and finds the key of a request.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../schemas/config.ts';

/** How often the file of keys is checked for changes. */
const KEYS_FILE_INTERVAL_MS = 1_000;

export interface Keys {
  /** Whether keys are configured; then some routes require one. */
  readonly areNeeded: boolean;
  /** The key of a request; undefined if it is missing or unknown. */
  find(headers: IncomingHttpHeaders): Known | undefined;
}

export interface Known {
  /** The hexadecimal digest of the key. */
  readonly digest: string;
  /** Whose datasets and jobs the key gives access to: the owner that the operator named, otherwise the digest. */
  readonly owner: string;
}

interface Key {
  readonly digest: Buffer;
  readonly owner: string;
}

/** A key with its owner. What follows the `=` is a key of its own: keys in base64 may end in `=` or `==`. */
const OWNED = /^([a-z0-9][a-z0-9._-]{0,63})=([^=].*)$/;

/** The most characters of a key: a header can hardly carry more. */
const MOST_KEY_CHARACTERS = 4_096;

/**
 * API_KEYS and API_KEYS_FILE; the file is read again when it changes.
 * @throws Error with a one-line message, if the file cannot be read, or a key can match no header, is a malformed digest, or has two owners.
 */
export function watchKeys(app: FastifyInstance, { API_KEYS, API_KEYS_FILE }: Config): Keys {
  const given = unambiguous(listOf(API_KEYS ?? '').map((key, i) => keyOf(key, `API_KEYS: key ${i + 1}`)));
  if (API_KEYS !== undefined && given.length === 0) throw new Error('API_KEYS: expected at least one key, got only commas');
  let known = given;
  const read = (path: string) => {
    const where = `API_KEYS_FILE: ${path}`;
    const keys = linesOf(path, where).flatMap((line, i) => (line === '' ? [] : [keyOf(line, `${where}, line ${i + 1}`)]));
    known = unambiguous([...given, ...keys]);
    app.log.info(`API keys: ${known.length}`);
  };
  if (API_KEYS_FILE) {
    read(API_KEYS_FILE);
    watchFile(API_KEYS_FILE, { interval: KEYS_FILE_INTERVAL_MS, persistent: false }, () => {
      try {
        read(API_KEYS_FILE);
      } catch (error) {
        // The keys that were read before stay valid.
        app.log.error((error as Error).message);
      }
    });
    app.addHook('onClose', async () => unwatchFile(API_KEYS_FILE));
  }
  return {
    areNeeded: API_KEYS !== undefined || API_KEYS_FILE !== undefined,
    find(headers) {
      if (known.length === 0) return undefined;
      const key = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
      if (typeof key !== 'string') return undefined;
      const digest = sha256(key);
      // Compares with every key, each in constant time: the time must reveal nothing.
      const [found] = known.filter((one) => timingSafeEqual(one.digest, digest));
      return found && { digest: digest.toString('hex'), owner: found.owner };
    },
  };
}

function linesOf(path: string, where: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim());
  } catch (error) {
    throw new Error(`${where}: expected a file with one key per line: ${(error as Error).message}`);
  }
}

interface Placed extends Key {
  readonly where: string;
}

/** The same keys. @throws Error, if a key has two owners: nobody could tell whose datasets it gives access to. */
function unambiguous(keys: readonly Placed[]): readonly Placed[] {
  const owners = new Map<string, Placed>();
  for (const key of keys) {
    const text = key.digest.toString('hex');
    const before = owners.get(text);
    if (before && before.owner !== key.owner)
      throw new Error(`${key.where}: expected one owner per key, but this key has another one before (${before.where})`);
    owners.set(text, key);
  }
  return keys;
}

/** A key, perhaps with its owner: `owner=KEY`. Errors do not contain the key. */
function keyOf(text: string, where: string): Placed {
  const [, owner, key = text] = OWNED.exec(text) ?? [];
  const digest = digestOf(key, where);
  return { digest, owner: owner ?? digest.toString('hex'), where };
}

/** The digest of a key; one given as sha256: is a digest already. Errors do not contain the key. */
function digestOf(key: string, where: string): Buffer {
  if (!/^[!-+\--~]+$/.test(key))
    throw new Error(`${where}: expected visible ASCII characters without commas: a key of others matches no header`);
  if (key.length > MOST_KEY_CHARACTERS) throw new Error(`${where}: expected at most ${MOST_KEY_CHARACTERS} characters`);
  if (!key.startsWith('sha256:')) return sha256(key);
  const hexadecimal = key.slice('sha256:'.length);
  if (/^[0-9a-f]{64}$/i.test(hexadecimal)) return Buffer.from(hexadecimal, 'hex');
  throw new Error(`${where}: expected 64 hexadecimal digits after sha256:`);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The items of a comma-separated list. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}
