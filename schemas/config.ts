// The environment variables that configure the service.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';

const MiB = 2 ** 20;

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What multiplies matrices; `auto` is the first of the others that the machine has. */
export const engineNames = ['openblas', 'portable', 'ml-matrix'] as const;
export type EngineName = (typeof engineNames)[number];

const engineChoices = ['auto', ...engineNames] as const;

export const Config = Type.Object({
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'address to listen on; 0.0.0.0 for every IPv4 address of the machine',
  }),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000, description: 'TCP port to listen on; 0 for any free one' }),
  LOG_LEVEL: Names(levels, { default: 'info', description: `least severe level that is logged: ${levels.join(', ')}` }),
  BODY_LIMIT: bytes(64 * MiB, 'largest body of a request, unpacked if it is compressed'),
  MAX_FLOPS: count(1e12, 'most floating-point operations that one request may take'),
  MAX_MEMORY: bytes(1024 * MiB, 'most memory that the numbers computed for one request may take'),
  MAX_ANSWER: bytes(256 * MiB, 'largest answer'),
  MAX_LAYERS: count(100_000, 'most layers of a network'),
  MAX_KEYS: count(1_000_000, 'most keys and objects in the JSON of a request'),
  MAX_DEPTH: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 32,
    description: 'how deep the lists and objects in the JSON of a request may nest',
  }),
  MAX_QUEUE: Type.Integer({
    minimum: 0,
    maximum: 100_000,
    default: 64,
    description: 'how many requests may wait for a thread; further ones are refused',
  }),
  MEMORY_BUDGET: bytes(2048 * MiB, 'most memory that the bodies, the numbers and the answers of all requests in flight may take'),
  MAX_CONNECTIONS: count(10_000, 'most connections that are open at a time; further ones are closed at once'),
  RATE_LIMIT: Type.Integer({
    minimum: 0,
    default: 1_000_000,
    description: 'most requests of one client (API key, or else IP address) in RATE_WINDOW_MS; 0 for no limit',
  }),
  RATE_WINDOW_MS: milliseconds(60_000, 'the time in which the requests of a client are counted'),
  HEADERS_TIMEOUT_MS: milliseconds(10_000, 'how long the headers of a request may take to arrive'),
  REQUEST_TIMEOUT_MS: milliseconds(120_000, 'how long a whole request may take to arrive'),
  DEADLINE_MS: milliseconds(60_000, 'how long a request that has arrived may take before it is given up'),
  ANSWER_TIMEOUT_MS: milliseconds(120_000, 'how long a client may take to receive its answer'),
  KEEP_ALIVE_MS: milliseconds(75_000, 'how long a connection may wait for its next request'),
  DRAIN_MS: milliseconds(
    1_000,
    'how long after SIGTERM requests are still taken, while /readyz says no; a part of SHUTDOWN_MS',
    0,
  ),
  SHUTDOWN_MS: milliseconds(25_000, 'how long the service may take to end after SIGTERM; then requests in flight are cut off', 0),
  ENGINE: Names(engineChoices, {
    default: 'auto',
    description: `what multiplies matrices: ${engineChoices.join(', ')}; auto is openblas where a BLAS is found, otherwise portable`,
  }),
  BLAS_LIBRARY: text('name or path of the BLAS to load; left out: the usual names are tried'),
  API_KEYS: text(
    'keys that clients must have, with commas between them: each as it is, or as sha256: and its SHA-256 in hexadecimal',
  ),
  API_KEYS_FILE: text('a file of further such keys, one per line; it is read again when it changes'),
  CORS_ORIGINS: text('origins whose pages may call the service, with commas between them, or *; left out: none'),
  TRUST_PROXY: text(
    'the proxies whose X-Forwarded-For is believed: addresses or networks, with commas between them, or how many proxies there are',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: text('where traces are sent, by OTLP over HTTP; left out: nowhere'),
});
export type Config = Static<typeof Config>;

function bytes(initial: number, description: string) {
  return count(initial, `${description}, in bytes`);
}

function count(initial: number, description: string) {
  return Type.Integer({ minimum: 1, default: initial, description });
}

function milliseconds(initial: number, description: string, minimum = 1) {
  return Type.Integer({ minimum, maximum: 3_600_000, default: initial, description: `${description}, in milliseconds` });
}

/** What may be left out. */
function text(description: string) {
  return Type.Optional(Type.String({ minLength: 1, description }));
}
