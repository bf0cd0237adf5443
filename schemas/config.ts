// The environment variables that configure the service.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';

const MiB = 2 ** 20;

export const Config = Type.Object({
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'address to listen on; 0.0.0.0 for every IPv4 address of the machine',
  }),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000, description: 'TCP port to listen on; 0 for any free one' }),
  LOG_LEVEL: Names(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'least severe level that is logged: fatal, error, warn, info, debug, trace or silent',
  }),
  BODY_LIMIT: Type.Integer({ minimum: 1, default: 64 * MiB, description: 'largest body of a request, in bytes' }),
  MEMORY_LIMIT: Type.Integer({
    minimum: 1,
    default: 1024 * MiB,
    description: 'most memory that the numbers of one request and of its answer may take, in bytes',
  }),
});
export type Config = Static<typeof Config>;
