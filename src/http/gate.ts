// All checks of a request's headers, in one hook: API key, rate limit, media types, and admission of the body.
import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import type { FastifyBaseLogger, FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import type { Pool } from '../pool/pool.ts';
import { Refusal } from '../refusal.ts';
import { type MediaType, mediaTypes } from '../wire/codecs.ts';
import { accepted } from './accept.ts';
import { bodyMediaType, tooLarge } from './body.ts';
import { contentEncoding } from './content-encoding.ts';
import type { Exchanges } from './exchange.ts';
import { type Keys, listOf, watchKeys } from './keys.ts';
import { clientAddress, RateLimit } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route requires an API key, if keys are configured. */
    needsKey?: boolean;
    /** Whether the route is exempt from the rate limit, as for orchestrators, which must always get an answer. */
    isUnlimited?: boolean;
    /** Whether the route reads the body itself, as it arrives: see upload.ts. */
    isUpload?: boolean;
    /** The name of the operation, for routes that take a body in the media types of wire/. */
    operation?: string;
    /** The media types in which it answers; left out: all of them. */
    answerTypes?: readonly MediaType[];
  }
}

/** How long a browser may cache the answer to a CORS preflight. */
const PREFLIGHT_SECONDS = 86_400;

/**
 * Security headers for answers that are data: no loading of resources, no framing, no type sniffing. HTML pages replace the first
 * one. HSTS is up to the proxy that terminates TLS.
 */
const PROTECTION = Object.entries({
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
});

interface Gate {
  readonly config: Config;
  readonly exchanges: Exchanges;
  readonly pool: Pool;
}

/** Adds the hook that checks every request. Call before adding routes. */
export async function addGate(app: FastifyInstance, { config, exchanges, pool }: Gate): Promise<void> {
  const keys = watchKeys(app, config);
  const limit = config.RATE_LIMIT > 0 ? new RateLimit(config.RATE_LIMIT, config.RATE_WINDOW_MS) : undefined;
  /** Returns why a request is not well-formed. */
  const begin = (request: FastifyRequest, reply: FastifyReply): Refusal | undefined => {
    exchanges.begin(request, reply);
    reply.header('x-request-id', request.id);
    for (const [name, value] of PROTECTION) reply.header(name, value);
    const fault = faultOf(request.raw);
    if (fault === undefined) return undefined;
    // What follows on the connection may mean something else to a proxy.
    reply.header('connection', 'close');
    return new Refusal('malformed-request', { detail: fault });
  };
  // Uses a callback: a promise took a large part of the time of a small request.
  const admit = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    try {
      const { config: route, url } = request.routeOptions;
      request.exchange.route = url;
      checkClient(request, reply, route, keys, limit);
      const { operation, answerTypes } = route;
      if (operation) checkBody(request, operation, answerTypes ?? mediaTypes, config.BODY_LIMIT, pool);
      else if (!route.isUpload) app.unreadBodies.leave(request, reply);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
  if (config.CORS_ORIGINS) {
    // CORS comes first: refusals need its headers, and a preflight must not be counted or asked for a key.
    app.addHook('onRequest', (request, reply, done) => {
      done(begin(request, reply));
    });
    await allowOrigins(app, config.CORS_ORIGINS);
    app.addHook('onRequest', admit);
  } else {
    app.addHook('onRequest', (request, reply, done) => {
      const refusal = begin(request, reply);
      if (refusal) done(refusal);
      else admit(request, reply, done);
    });
  }
}

/** A host and port as in RFC 9112: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** What of the framing of a request or of its Host contradicts RFC 9112, although Node's parser accepts it; undefined if nothing. */
function faultOf({ httpVersion, headers }: IncomingMessage): string | undefined {
  const { host, 'transfer-encoding': coding } = headers;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return `expected HTTP/1.1, got HTTP/${httpVersion}`;
  if (host === undefined ? httpVersion === '1.1' : !HOST.test(host))
    return `HTTP/1.1 wants one Host header with a host and perhaps a port, got ${host?.slice(0, 100) ?? 'none'}`;
  if (coding === undefined) return undefined;
  if (httpVersion === '1.0') return 'HTTP/1.0 has no Transfer-Encoding';
  return coding.trim().toLowerCase() === 'chunked'
    ? undefined
    : `expected the Transfer-Encoding chunked, got ${coding.slice(0, 100)}`;
}

/** @throws Refusal `too-many-requests` or `unauthorized`. */
function checkClient(
  request: FastifyRequest,
  reply: FastifyReply,
  { needsKey, isUnlimited }: FastifyContextConfig,
  keys: Keys,
  limit: RateLimit | undefined,
): void {
  const { headers, exchange } = request;
  const apiKey = keys.find(headers);
  exchange.client = apiKey?.digest ?? clientAddress(`${exchange.address}`);
  if (apiKey) exchange.owner = apiKey.owner;
  if (limit && !isUnlimited) {
    const { requests, end } = limit.count(exchange.client, exchange.began);
    const seconds = Math.ceil((end - exchange.began) / 1000);
    reply.header('ratelimit-limit', limit.max);
    reply.header('ratelimit-remaining', Math.max(0, limit.max - requests));
    reply.header('ratelimit-reset', seconds);
    if (requests > limit.max) throw limit.refusal(seconds);
  }
  if (needsKey && keys.areNeeded && apiKey === undefined)
    throw new Refusal('unauthorized', {
      detail: 'the API key is missing or unknown: send it in Authorization: Bearer or in X-API-Key',
    });
}

/**
 * Checks everything about a body that its headers tell, before it is read.
 * @throws Refusal `unsupported-media-type`, `not-acceptable`, `body-too-large` or `overloaded`.
 */
function checkBody(
  request: FastifyRequest,
  operation: string,
  answerTypes: readonly MediaType[],
  bodyLimit: number,
  pool: Pool,
): void {
  const { headers, exchange } = request;
  exchange.operation = operation;
  exchange.mediaType = bodyMediaType(headers);
  contentEncoding(headers);
  exchange.answerType = accepted(request, answerTypes);
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > bodyLimit) throw tooLarge(bodyLimit);
  pool.check(announced, exchange.client);
}

async function allowOrigins(app: FastifyInstance, origins: string): Promise<void> {
  const listed = listOf(origins);
  await app.register(cors, {
    origin: listed.includes('*') ? '*' : listed,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    // Any request headers are allowed: If-Match, Prefer, Idempotency-Key among them.
    exposedHeaders: [
      ...['ETag', 'Location', 'Preference-Applied', 'X-Request-Id', 'Retry-After'],
      ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
    ],
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false,
  });
}

/** Loopback addresses. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** Logs a warning if the service is reachable from other machines without an API key. */
export function warnOfStrangers({ HOST, API_KEYS, API_KEYS_FILE }: Config, log: FastifyBaseLogger): void {
  if (LOOPBACK.test(HOST) || API_KEYS || API_KEYS_FILE) return;
  log.warn(`no API keys are set (API_KEYS, API_KEYS_FILE): anyone who can reach ${HOST} may send requests`);
}
