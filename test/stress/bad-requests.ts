// Invalid requests, with the expected answer to each.
import { gzipSync } from 'node:zlib';
import type { ProblemType } from '../../schemas/problem.ts';
import { validRequest } from '../support/requests.ts';

interface Bad {
  readonly name: string;
  readonly status: number;
  readonly type: ProblemType;
  /** The request as bytes. */
  pieces(): (string | Buffer)[];
}

const JSON_TYPE = 'application/json';

function post(body: Buffer, headers: Record<string, string> = {}): (string | Buffer)[] {
  const lines = Object.entries({ 'Content-Type': JSON_TYPE, 'Content-Length': `${body.length}`, ...headers });
  return [`POST /gradients HTTP/1.1\r\nHost: a\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, body];
}

const json = (document: unknown) => Buffer.from(JSON.stringify(document));
const valid = validRequest();
const manyRows = Array.from({ length: 20_000 }, () => [1, 2]);
const half = json({ ...valid, batch: { inputs: manyRows, targets: manyRows } }).subarray(0, 200_000);
const bomb = gzipSync(Buffer.alloc(80 * 2 ** 20));

export const badRequests: readonly Bad[] = [
  { name: 'half of a small document', status: 400, type: 'malformed-body', pieces: () => post(Buffer.from('{"network":')) },
  { name: 'half of a large document', status: 400, type: 'malformed-body', pieces: () => post(half) },
  { name: 'no body', status: 400, type: 'malformed-body', pieces: () => post(Buffer.alloc(0)) },
  {
    name: 'no safetensors',
    status: 400,
    type: 'malformed-body',
    pieces: () => post(Buffer.alloc(100_000, 7), { 'Content-Type': 'application/vnd.safetensors' }),
  },
  {
    name: 'no gzip',
    status: 400,
    type: 'malformed-body',
    pieces: () => post(Buffer.alloc(100_000, 7), { 'Content-Encoding': 'gzip' }),
  },
  {
    name: 'a little that unpacks to too much',
    status: 413,
    type: 'body-too-large',
    pieces: () => post(bomb, { 'Content-Encoding': 'gzip' }),
  },
  { name: 'an unknown key', status: 400, type: 'invalid-request', pieces: () => post(json({ ...valid, los: 'mse' })) },
  {
    name: 'ragged targets, large',
    status: 422,
    type: 'shape-mismatch',
    pieces: () => post(json({ ...valid, batch: { inputs: manyRows, targets: manyRows } })),
  },
  {
    name: 'a result that is not finite',
    status: 422,
    type: 'non-finite-result',
    pieces: () => post(json({ network: { layers: [{ weights: [[1e300]] }] }, batch: { inputs: [[1e300]], targets: [[0]] } })),
  },
  {
    name: 'another media type',
    status: 415,
    type: 'unsupported-media-type',
    pieces: () => post(json(valid), { 'Content-Type': 'text/csv' }),
  },
  {
    name: 'a body too large',
    status: 413,
    type: 'body-too-large',
    pieces: () => post(Buffer.alloc(0), { 'Content-Length': '99999999' }),
  },
  {
    name: 'another method',
    status: 405,
    type: 'method-not-allowed',
    pieces: () => ['GET /gradients HTTP/1.1\r\nHost: a\r\n\r\n'],
  },
  { name: 'another path', status: 404, type: 'not-found', pieces: () => ['GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'] },
  { name: 'no HTTP', status: 400, type: 'malformed-request', pieces: () => ['hello\r\n\r\n'] },
];
