// The environment variables that configure the service.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';

const MiB = 2 ** 20;

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

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
  SHUTDOWN_MS: Type.Integer({
    minimum: 0,
    maximum: 3_600_000,
    default: 25_000,
    description: 'how long the requests in flight may take after SIGTERM before they are cut off, in milliseconds',
  }),
});
export type Config = Static<typeof Config>;
