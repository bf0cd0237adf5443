// Measures a server: the requests as files, the load generator as a process, and what its numbers come to.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Measured } from './load.ts';
import { bodyOf, type Format, mediaTypes, type Shape } from './workloads.ts';

/** A request that the load generator can send, and its body. */
export interface Request {
  readonly file: string;
  readonly body: Buffer;
}

const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
let files = 0;

/** Writes the request of a workload, to the given path. */
export function prepare(shape: Shape, format: Format, path = '/gradients'): Request {
  const body = bodyOf(shape, format);
  const type = mediaTypes[format];
  return write(`POST ${path} HTTP/1.1\r\nContent-Type: ${type}\r\nAccept: ${type}\r\nContent-Length: ${body.length}\r\n`, body);
}

/** Writes a request without a body. */
export function prepareGet(path: string): Request {
  return write(`GET ${path} HTTP/1.1\r\n`, Buffer.alloc(0));
}

function write(head: string, body: Buffer): Request {
  const file = join(scratch, `${files++}`);
  writeFileSync(file, Buffer.concat([Buffer.from(`${head}Host: 127.0.0.1\r\n\r\n`), body]));
  return { file, body };
}

/** Forgets a request's file. */
export function discard({ file }: Request): void {
  rmSync(file);
}

/** Has the load generator do a job. Aborting the signal ends it without a result. */
export function load(job: Job, signal?: AbortSignal): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'load.ts'), { ...(signal && { signal }), killSignal: 'SIGKILL' });
    child.once('error', reject);
    child.once('message', (message: Measured | { error: string }) => {
      if ('error' in message) reject(new Error(message.error));
      else resolve(message);
    });
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(job);
  });
}
