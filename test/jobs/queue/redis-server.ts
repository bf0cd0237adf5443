// A Redis for tests, on loopback, with a folder of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import type { Test } from 'tap';
import { freePorts } from '../../support/process.ts';

const program = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

/** For the option `skip` of a test: false if there is a server, otherwise what to install. */
export const missing: string | false = program ? false : 'there is no redis-server: apt-get install redis-server';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** For looking at what is there. */
  readonly client: Redis;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, after `kill`, with the data that it had or without. */
  restart(keepsData: boolean): Promise<void>;
  /** Resolves when there is no key any longer in which a text occurs: a step that is over takes a moment to be removed. */
  without(text: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server that writes all it does to a file. */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  let child = await launch(port, folder, args);
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { maxRetriesPerRequest: null });
  client.on('error', () => {});
  const kill = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url,
    port,
    client,
    kill,
    async restart(keepsData) {
      if (!keepsData)
        for (const name of ['appendonlydir', 'dump.rdb']) rmSync(join(folder, name), { recursive: true, force: true });
      child = await launch(port, folder, args);
    },
    async without(text) {
      while ((await client.keys(`*${text}*`)).length > 0);
    },
    async stop() {
      client.disconnect();
      if (child.exitCode === null && child.signalCode === null) await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same, for the time of a test. */
export async function redisFor(t: Test, args: readonly string[] = []): Promise<RedisServer> {
  const server = await startRedis(args);
  t.teardown(() => server.stop());
  return server;
}

async function launch(port: number, folder: string, args: readonly string[]): Promise<ChildProcess> {
  const all = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', '', ...args];
  const child = spawn(`${program}`, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.includes('Ready to accept connections')) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error(`${program} did not start: ${lines.join('\n')}`);
}
