// An S3 server for tests: moto, in memory, on loopback.
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Test } from 'tap';
import { startServer } from '../support/servers.ts';

/** pip installs its programs beside Python. */
const program = join(dirname(process.env.PYTHON ?? ''), 'moto_server');

/** For the option `skip` of a test: false if there is a server, otherwise what to install. */
export const missing: string | false = await access(program).then(
  () => false,
  () => "there is no moto_server beside PYTHON: pip install 'moto[server]'",
);

/** The environment in which the AWS SDK uses the server at this port. */
export function environment(port: number): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    // No files of the user who runs the tests.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

export interface S3Server {
  readonly client: S3Client;
  readonly port: number;
  /** Makes a new, empty bucket. Returns its name. */
  makeBucket(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a server. The AWS SDK uses it from then on, in this process. */
export async function startS3(): Promise<S3Server> {
  const start = (port: number) => spawn(program, ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore', detached: true });
  const server = await startServer({ label: 'moto_server', probe: '/moto-api/', start });
  Object.assign(process.env, environment(server.port));
  const client = new S3Client({ forcePathStyle: true });
  let buckets = 0;
  return {
    client,
    port: server.port,
    async makeBucket() {
      const Bucket = `bucket-${++buckets}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}

/** An answer of a server that follows a script. */
export type Answer = readonly [status: number, headers: Record<string, string>, body: string];

export const XML = { 'content-type': 'application/xml' };

export const fault = (status: number, code: string): Answer => [
  status,
  XML,
  `<Error><Code>${code}</Code><Message>no</Message></Error>`,
];

/**
 * Starts a server that gives these answers in their order, and then the last one again and again. The AWS SDK uses it from then on, in
 * this process. Returns the requests that come.
 */
export async function startScripted(t: Test, answers: readonly Answer[]): Promise<readonly string[]> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [status, headers, body] = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(status, headers);
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  Object.assign(process.env, environment((server.address() as AddressInfo).port));
  return asked;
}
