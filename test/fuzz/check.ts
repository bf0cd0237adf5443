// Checks the answer to a mutant against the contract.
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MAX_ERRORS, type ProblemType, ProblemWith, problems } from '../../schemas/problem.ts';
import { inspectorOf } from '../../src/wire/check.ts';
import { SAFETENSORS } from '../support/safetensors-file.ts';
import type { Answer, Sent } from './client.ts';
import { JSON_TYPE } from './mutant.ts';
import { wrongResult } from './result.ts';

const PROBLEM = 'application/problem+json';

/** A JSON pointer (RFC 6901). */
const POINTER = /^(\/([^/~]|~[01])*)*$/u;

const unpack: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** Decompresses a body. @throws if it is not compressed as its encoding says. */
function unpacked(body: Buffer, encoding: string | undefined): Buffer {
  const name = (encoding ?? '').toLowerCase();
  if (name === '' || name === 'identity') return body;
  return unpack[name](body);
}

const checks = new Map<number, ReturnType<typeof inspectorOf>>(
  [...new Set(Object.values(problems).map(({ status }) => status))].map((status) => [status, inspectorOf(ProblemWith(status))]),
);

export interface Expectations {
  /** The statuses of each operation in /openapi.json. */
  readonly statuses: ReadonlyMap<string, ReadonlySet<number>>;
  /** MAX_ANSWER. */
  readonly maxAnswer: number;
}

/** The kind of an answer, and everything that is wrong with it. */
export function examine(sent: Sent, answer: Answer, expected: Expectations): { outcome: string; faults: string[] } {
  const { status, headers } = answer;
  const faults: string[] = [];
  if (status === 500 || status === 504 || !(status === 200 || checks.has(status))) faults.push(`the status ${status}`);
  if (!expected.statuses.get(sent.operation)?.has(status) && status !== 431)
    faults.push(`/openapi.json does not have the status ${status}`);
  if (answer.body.length > expected.maxAnswer) faults.push(`an answer of ${answer.body.length} bytes`);
  let body: Buffer;
  try {
    body = unpacked(answer.body, headers['content-encoding']);
  } catch (error) {
    return { outcome: `${status}`, faults: [...faults, `the answer cannot be unpacked: ${(error as Error).message}`] };
  }
  const type = `${headers['content-type']}`;
  if (status !== 200) {
    const { problem, wrong } = examineProblem(status, type, body);
    return { outcome: `${status} ${problem}`, faults: [...faults, ...wrong] };
  }
  return { outcome: `200 ${type}`, faults: [...faults, ...examineResult(sent, type, body)] };
}

function examineProblem(status: number, mediaType: string, body: Buffer): { problem: string; wrong: string[] } {
  const wrong = mediaType === PROBLEM ? [] : [`a problem in the media type ${mediaType}`];
  let document: { type: string; title: string; errors?: { pointer: string }[] };
  try {
    document = JSON.parse(body.toString());
  } catch {
    return { problem: 'no JSON', wrong: [...wrong, `no JSON: ${body.toString('latin1', 0, 100)}`] };
  }
  for (const { pointer, detail } of checks.get(status)?.(document).errors ?? []) wrong.push(`the problem: ${pointer}: ${detail}`);
  const problem = `${document.type}`.replace('/problems/', '');
  if (document.title !== problems[problem as ProblemType]?.title) wrong.push(`the title "${document.title}" of ${problem}`);
  const { errors = [] } = document;
  if (errors.length > MAX_ERRORS) wrong.push(`${errors.length} errors`);
  for (const { pointer } of errors) if (!POINTER.test(pointer)) wrong.push(`${JSON.stringify(pointer)} is no JSON pointer`);
  return { problem, wrong };
}

function examineResult({ operation, headers, body, framing }: Sent, mediaType: string, result: Buffer): string[] {
  if (mediaType !== JSON_TYPE && mediaType !== SAFETENSORS) return [`an answer in ${mediaType}`];
  if (!['length', 'chunked'].includes(framing)) return [`a result, though the framing is ${framing}`];
  try {
    const type = /^application\/(json|vnd\.safetensors)/i.exec(headers['content-type'])?.[0].toLowerCase();
    return wrongResult(operation, unpacked(body, headers['content-encoding']), `${type}`, result, mediaType);
  } catch (error) {
    return [`a result, though the request cannot be read: ${(error as Error).message}`];
  }
}
