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
  BODY_LIMIT: Type.Integer({ minimum: 1, default: 64 * MiB, description: 'largest body of a request, in bytes' }),
  MAX_MEMORY: Type.Integer({
    minimum: 1,
    default: 1024 * MiB,
    description: 'most memory that the numbers of one request and of its answer may take, in bytes',
  }),
  ENGINE: Names(engineChoices, {
    default: 'auto',
    description: `what multiplies matrices: ${engineChoices.join(', ')}; auto is openblas where a BLAS is found, otherwise portable`,
  }),
  BLAS_LIBRARY: Type.Optional(
    Type.String({ minLength: 1, description: 'name or path of the BLAS to load; left out: the usual names are tried' }),
  ),
  DEADLINE_MS: Type.Integer({
    minimum: 1,
    maximum: 3_600_000,
    default: 60_000,
    description: 'how long a request that has arrived may take before it is given up, in milliseconds',
  }),
  SHUTDOWN_MS: Type.Integer({
    minimum: 0,
    maximum: 3_600_000,
    default: 25_000,
    description: 'how long the requests in flight may take after SIGTERM before they are cut off, in milliseconds',
  }),
});
export type Config = Static<typeof Config>;
