// The environment variables that configure the service.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** In seconds. */
const DAY = 86_400;

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What the log says of clients. */
const logClients = ['address', 'network', 'none'] as const;

/** The engines, which multiply matrices. `auto` chooses openblas if a BLAS is installed, otherwise portable. */
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
  SOCKET: text('path of a UNIX socket on which the service listens, in place of HOST and PORT'),
  LOG_LEVEL: Names(levels, { default: 'info', description: `least severe level that is logged: ${levels.join(', ')}` }),
  LOG_CLIENT: Names(logClients, {
    default: 'address',
    description: 'what the log says of clients: address; network, the /64 network of an IPv6 address; or none',
  }),
  BODY_LIMIT: bytes(64 * MiB, GiB, 'largest body of a request, after decompression'),
  MAX_FLOPS: count(1e12, 1e15, 'most floating-point operations of one request'),
  MAX_MEMORY: bytes(GiB, 1024 * GiB, 'most memory for the numbers computed for one request'),
  MAX_ANSWER: bytes(256 * MiB, GiB, 'largest answer'),
  MAX_LAYERS: count(100_000, 10_000_000, 'most layers of a network'),
  MAX_KEYS: count(1_000_000, 100_000_000, 'most keys and objects in the JSON of a request'),
  MAX_DEPTH: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 32,
    description: 'maximum nesting depth of lists and objects in the JSON of a request',
  }),
  MAX_QUEUE: Type.Integer({
    minimum: 0,
    maximum: 100_000,
    default: 64,
    description: 'most requests that wait for a thread; further ones are refused',
  }),
  MEMORY_BUDGET: bytes(2 * GiB, 1024 * GiB, 'most memory for the bodies, the numbers and the answers of all requests in flight'),
  MAX_CONNECTIONS: count(10_000, 1_000_000, 'most open connections; further ones are closed immediately'),
  RATE_LIMIT: Type.Integer({
    minimum: 0,
    maximum: 1_000_000_000,
    default: 1_000_000,
    description: 'most requests of one client (API key, otherwise IP address) per RATE_WINDOW_MS; 0 for no limit',
  }),
  RATE_WINDOW_MS: milliseconds(60_000, 'length of the window in which the requests of a client are counted'),
  HEADERS_TIMEOUT_MS: milliseconds(10_000, 'time limit for the headers of a request to arrive'),
  REQUEST_TIMEOUT_MS: milliseconds(120_000, 'time limit for a whole request to arrive'),
  DEADLINE_MS: milliseconds(60_000, 'time limit for an answer once the body has arrived (then 504)'),
  ANSWER_TIMEOUT_MS: milliseconds(120_000, 'time limit for a client to receive its answer'),
  KEEP_ALIVE_MS: milliseconds(
    100_000,
    'how long an idle connection is kept open (clients keep it in their pools for up to 90 s)',
  ),
  DRAIN_MS: milliseconds(
    1_000,
    'how long requests are still accepted after SIGTERM, while /readyz answers 503 (a part of SHUTDOWN_MS, at most half of it)',
    0,
  ),
  SHUTDOWN_MS: milliseconds(25_000, 'time limit for the shutdown after SIGTERM (then requests in flight are cut off)', 0),
  STORE: Type.String({
    minLength: 1,
    default: './data',
    description: 'where datasets and jobs are kept: a folder, which is made when it is first needed, or s3://bucket/prefix',
  }),
  DATASET_TTL: seconds(30 * DAY, 'how long a dataset is kept after it was put'),
  DATASET_LIMIT: Type.Integer({ minimum: 1, maximum: 2 ** 50, default: 16 * GiB, description: 'largest dataset, in bytes' }),
  STORE_LIMIT: Type.Integer({
    minimum: 1,
    maximum: 2 ** 50,
    default: 64 * GiB,
    description: 'most bytes of one owner in the store: its datasets and jobs together',
  }),
  UPLOAD_IDLE_MS: milliseconds(30_000, 'how long the upload of a dataset may send nothing (in place of REQUEST_TIMEOUT_MS)'),
  DATA_ALLOW: text(
    'places whose files datasets may refer to, separated by commas: file:///folder/ or s3://bucket/prefix/, each perhaps for one ' +
      'owner only, as in owner=file:///folder/; by default none',
  ),
  JOB_TTL: seconds(7 * DAY, 'how long a job and its result are kept after it has ended'),
  MAX_JOBS: count(100, 100_000, 'most jobs of one owner, finished ones included'),
  JOB_MAX_FLOPS: count(1e15, 9e15, 'most floating-point operations of one job'),
  JOB_PART_FLOPS: count(
    2 ** 37,
    1e15,
    'most floating-point operations of one part of a job, some seconds of a thread; no result depends on it',
  ),
  REDIS_URL: text(
    'Redis or Valkey with the queue of jobs, such as redis://user:password@host:6379/0, or rediss:// for TLS: workers compute the jobs; ' +
      'by default the service does',
  ),
  ENGINE: Names(engineChoices, {
    default: 'auto',
    description: `engine for matrix products: ${engineChoices.join(', ')}; auto uses openblas if a BLAS is found, otherwise portable`,
  }),
  BLAS_LIBRARY: text('name or path of the BLAS library to load; by default the usual names are tried'),
  API_KEYS: text(
    'API keys that clients need, separated by commas: in plain text, or as sha256: and the hexadecimal SHA-256 digest; ' +
      'owner=KEY gives several keys one owner, whose datasets and jobs they share',
  ),
  API_KEYS_FILE: text('file with more API keys, one per line; read again when it changes'),
  CORS_ORIGINS: text('origins whose pages may call the service, separated by commas, or *; by default none'),
  TRUST_PROXY: text(
    'trusted proxies, whose X-Forwarded-For is used: addresses or networks, separated by commas, or the number of proxies',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: text('URL of the OpenTelemetry collector for traces (OTLP over HTTP); by default none are sent'),
});
export type Config = Static<typeof Config>;

function bytes(initial: number, maximum: number, description: string) {
  return count(initial, maximum, `${description}, in bytes`);
}

function count(initial: number, maximum: number, description: string) {
  return Type.Integer({ minimum: 1, maximum, default: initial, description });
}

function seconds(initial: number, description: string) {
  return Type.Integer({ minimum: 1, maximum: 10 * 366 * DAY, default: initial, description: `${description}, in seconds` });
}

function milliseconds(initial: number, description: string, minimum = 1) {
  return Type.Integer({ minimum, maximum: 3_600_000, default: initial, description: `${description}, in milliseconds` });
}

/** An optional text. */
function text(description: string) {
  return Type.Optional(Type.String({ minLength: 1, description }));
}
