// Both kinds of store, for tests that hold for each: a folder, and S3 as moto has it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { Test } from 'tap';
import { openClient } from '../../src/store/s3.ts';
import { freePorts } from '../support/process.ts';

export const BUCKET = 'test-bucket';

const server = join(dirname(process.env.PYTHON ?? 'python3'), 'moto_server');

/** Why the tests of S3 are skipped; false if moto is there. */
export const withoutS3 = existsSync(server) ? false : 'there is no moto_server: pip install "moto[server]"';

/** Starts an S3 server with a bucket, and points the environment of this process at it. */
export async function startS3(t: Test): Promise<Record<string, string>> {
  const [port] = await freePorts(1);
  const child = spawn(server, ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
  t.teardown(() => end(child));
  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_MAX_ATTEMPTS: '20',
  };
  Object.assign(process.env, environment);
  const client = openClient();
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return environment;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await exited;
}
