// An S3 server, moto, for tests. It keeps objects in memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Test } from 'tap';
import { freePorts } from './process.ts';

/** How long the server may take to start, in milliseconds. */
const START_MS = 60_000;

export const BUCKET = 'tests';

const { PYTHON, PATH = '' } = process.env;
/** In the folder of PYTHON, otherwise in one of those of PATH. */
const program = [...(PYTHON ? [dirname(PYTHON)] : []), ...PATH.split(delimiter)]
  .map((folder) => join(folder, 'moto_server'))
  .find((path) => existsSync(path));

/** Why tests that need the server have to be skipped; false if they need not. */
export const noS3 = program ? false : 'moto_server is not installed (pip install "moto[server]")';

export interface S3Server {
  readonly client: S3Client;
  /** The variables with which the service uses the server. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts the server, with a bucket, and sets the environment of this process so that stores use it. It ends with the test. */
export async function startS3(t: Test): Promise<S3Server> {
  const [port] = await freePorts(1);
  const child = spawn(program as string, ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(stop);
  const environment = {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  Object.assign(process.env, environment);
  await ready(child, environment.AWS_ENDPOINT_URL_S3);
  const client = new S3Client({ forcePathStyle: true });
  t.teardown(() => client.destroy());
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return { client, environment, stop };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  const end = performance.now() + START_MS;
  while (!(await fetch(url).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`moto_server ended with ${child.exitCode} before it was ready`);
    if (performance.now() > end) throw new Error(`moto_server is not ready after ${START_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
