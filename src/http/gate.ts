// Who may ask, and how often: API keys, the rate limit, and the origins of pages in browsers.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import { Refusal } from '../refusal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The SHA-256 of the API key that the request has, if it is one that there is. */
    apiKey: string | undefined;
  }
  interface FastifyContextConfig {
    /** Whether the route is for those who have an API key, where there are any. */
    needsKey?: boolean;
    /** Whether the route is answered however often it is asked for: orchestrators must always get their answer. */
    isUnlimited?: boolean;
  }
}

/** How long a browser need not ask again whether a page may call, in seconds. */
const PREFLIGHT_SECONDS = 86_400;

/** How often the file of keys is looked at, in milliseconds. */
const KEYS_FILE_INTERVAL = 1_000;

/** To be called before the routes are added. */
export async function guard(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(helmet, {
    global: false,
    // Answers are data; the pages say for themselves what they load.
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
    xFrameOptions: { action: 'deny' },
    // Whoever ends TLS before the service says whether it is there for good.
    strictTransportSecurity: false,
    // Of browsers that are no more.
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    originAgentCluster: false,
  });
  let protection: OutgoingHttpHeaders | undefined;
  app.addHook('onRequest', (_request, reply, done) => {
    // Helmet builds its headers anew each time, in a good part of the time that a small request takes.
    if (protection) reply.headers(protection);
    else {
      reply.helmet();
      protection = reply.raw.getHeaders();
    }
    done();
  });
  if (config.CORS_ORIGINS) await allowOrigins(app, config.CORS_ORIGINS);
  const keys = watchKeys(app, config);
  app.decorateRequest('apiKey', undefined);
  app.addHook('onRequest', (request, _reply, done) => {
    request.apiKey = keys.find(request);
    done();
  });
  if (config.RATE_LIMIT > 0) await limitRate(app, config);
  app.addHook('onRequest', (request, _reply, done) => {
    const missing = keys.areNeeded && request.routeOptions.config.needsKey && request.apiKey === undefined;
    if (missing)
      done(new Refusal('unauthorized', { detail: 'expected an API key that is known, in Authorization: Bearer or X-API-Key' }));
    else done();
  });
}

async function allowOrigins(app: FastifyInstance, origins: string): Promise<void> {
  const listed = listOf(origins);
  await app.register(cors, {
    origin: listed.includes('*') ? '*' : listed,
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false,
  });
}

async function limitRate(app: FastifyInstance, { RATE_LIMIT, RATE_WINDOW_MS }: Config): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: RATE_LIMIT,
    timeWindow: RATE_WINDOW_MS,
    enableDraftSpec: true,
    keyGenerator: (request) => request.apiKey ?? addressOf(request),
    allowList: (request) => request.routeOptions.config.isUnlimited === true,
    errorResponseBuilder: () =>
      new Refusal('too-many-requests', { detail: `more than ${RATE_LIMIT} requests in ${RATE_WINDOW_MS} ms (RATE_LIMIT)` }),
  });
  app.addHook('onRequest', app.rateLimit());
}

/**
 * The address of a client; of an IPv6 address its network, since whoever has one has all of them. One that has gone before anybody
 * looked has none, whatever the types say.
 */
function addressOf({ ip }: FastifyRequest): string {
  const address = `${ip}`;
  return address.includes(':') ? normalizeIP(address) : address;
}

interface Keys {
  readonly areNeeded: boolean;
  /** The digest of the key that a request has, if it is one of these. */
  find(request: FastifyRequest): string | undefined;
}

/**
 * The keys of the configuration, the file's as they are at the time.
 * @throws Error in a line, if the file cannot be read or a key is not as it should be.
 */
function watchKeys(app: FastifyInstance, { API_KEYS, API_KEYS_FILE }: Config): Keys {
  const given = digestsOf(listOf(API_KEYS ?? ''), 'API_KEYS');
  let digests = given;
  const read = (path: string) => {
    const lines = readFileSync(path, 'utf8').split('\n');
    digests = [...given, ...digestsOf(lines.map((line) => line.trim()).filter(Boolean), path)];
    app.log.info(`API keys: ${digests.length}`);
  };
  if (API_KEYS_FILE) {
    read(API_KEYS_FILE);
    watchFile(API_KEYS_FILE, { interval: KEYS_FILE_INTERVAL, persistent: false }, () => {
      try {
        read(API_KEYS_FILE);
      } catch (error) {
        // Those that were there go on.
        app.log.error(`API_KEYS_FILE: ${(error as Error).message}`);
      }
    });
    app.addHook('onClose', async () => unwatchFile(API_KEYS_FILE));
  }
  return {
    areNeeded: API_KEYS !== undefined || API_KEYS_FILE !== undefined,
    find({ headers }) {
      const key = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
      if (typeof key !== 'string' || digests.length === 0) return undefined;
      const digest = sha256(key);
      // All of them are compared, each in constant time: how long it takes tells nothing.
      const known = digests.filter((one) => timingSafeEqual(one, digest)).length > 0;
      return known ? digest.toString('hex') : undefined;
    },
  };
}

/** The SHA-256 of each key; of those given by it, as it is. */
function digestsOf(keys: readonly string[], where: string): Buffer[] {
  return keys.map((key, i) => {
    if (!key.startsWith('sha256:')) return sha256(key);
    const hexadecimal = key.slice('sha256:'.length);
    if (/^[0-9a-f]{64}$/i.test(hexadecimal)) return Buffer.from(hexadecimal, 'hex');
    throw new Error(`${where}: expected 64 hexadecimal digits after sha256: in key ${i + 1}`);
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

/** Addresses that only the machine itself can reach. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** Says so in the log where strangers may ask without a key. */
export function warnOfStrangers({ HOST, API_KEYS, API_KEYS_FILE }: Config, log: FastifyBaseLogger): void {
  if (LOOPBACK.test(HOST) || API_KEYS || API_KEYS_FILE) return;
  log.warn(`no API keys are set (API_KEYS, API_KEYS_FILE): whoever reaches ${HOST} may ask`);
}
