// Measures a server: writes requests to files, and starts the load generator as a process.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Measured } from './load.ts';
import { bodyOf, type Format, mediaTypes, type Shape } from './workloads.ts';

/** A request for the load generator, and its body. */
export interface Request {
  readonly file: string;
  readonly body: Buffer;
}

const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
let files = 0;

/** Writes the request of a workload to a file. */
export function prepare(shape: Shape, format: Format, path = '/gradients'): Request {
  const body = bodyOf(shape, format);
  const type = mediaTypes[format];
  return write(`POST ${path} HTTP/1.1\r\nContent-Type: ${type}\r\nAccept: ${type}\r\nContent-Length: ${body.length}\r\n`, body);
}

/** Writes a request without a body to a file. */
export function prepareGet(path: string): Request {
  return write(`GET ${path} HTTP/1.1\r\n`, Buffer.alloc(0));
}

function write(head: string, body: Buffer): Request {
  const file = join(scratch, `${files++}`);
  writeFileSync(file, Buffer.concat([Buffer.from(`${head}Host: 127.0.0.1\r\n\r\n`), body]));
  return { file, body };
}

/** Deletes a request's file. */
export function discard({ file }: Request): void {
  rmSync(file);
}

/** A load generator, which runs one job at a time. */
export interface Loader {
  load(job: Job): Promise<Measured>;
  stop(): void;
}

export function startLoader(): Loader {
  const child = fork(join(import.meta.dirname, 'load.ts'));
  let settle: { resolve: (measured: Measured) => void; reject: (error: Error) => void } | undefined;
  child.on('error', (error) => settle?.reject(error));
  child.on('exit', (code) => settle?.reject(new Error(`the load generator ended with ${code}`)));
  child.on('message', (message: Measured | { error: string }) => {
    if ('error' in message) settle?.reject(new Error(message.error));
    else settle?.resolve(message);
  });
  const load = (job: Job) =>
    new Promise<Measured>((resolve, reject) => {
      settle = { resolve, reject };
      child.send(job);
    });
  return { load, stop: () => void child.kill('SIGKILL') };
}

/** Runs a job in a new load generator. Aborting the signal ends it without a result. */
export async function load(job: Job, signal?: AbortSignal): Promise<Measured> {
  const loader = startLoader();
  signal?.addEventListener('abort', loader.stop);
  try {
    return await loader.load(job);
  } finally {
    loader.stop();
  }
}
