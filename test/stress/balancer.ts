// nginx as the balancer of deploy/nginx, on loopback.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Why there is no nginx here; undefined if there is one. */
export function noNginx(): string | undefined {
  return spawnSync('nginx', ['-v']).error && 'there is no nginx here (apt-get install nginx-light)';
}

export interface Balancer {
  readonly port: number;
  /** What it has logged of errors. */
  readonly errors: () => string;
  stop(): Promise<void>;
}

/** How long nginx may take to start, in milliseconds. */
const START = 10_000;

const configuration = new URL('../../deploy/nginx/', import.meta.url).pathname;

/** Starts nginx with the configuration that is deployed, before replicas on the given ports. */
export async function startBalancer(replicas: readonly number[]): Promise<Balancer> {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'balancer-'));
  cpSync(join(configuration, 'nginx.conf'), join(folder, 'nginx.conf'));
  const servers = replicas.map((replica) => `server 127.0.0.1:${replica} max_fails=0;`).join('\n');
  writeFileSync(
    join(folder, 'upstream.conf'),
    `upstream gradients {\nzone gradients 128k;\nleast_conn;\n${servers}\nkeepalive 64;\n}\n`,
  );
  writeFileSync(join(folder, 'listen.conf'), `listen 127.0.0.1:${port};\naccess_log off;\n`);
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
  const child = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), ...user], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    // Which bodies were kept in files, and that a replica is not there, is as it should be.
    errors += text.replaceAll(/^.*(?:buffered to a temporary file|111: Connection refused).*\n/gm, '');
  });
  const exit = once(child, 'exit');
  const end = performance.now() + START;
  while (!(await fetch(`http://127.0.0.1:${port}/balancer-livez`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`nginx does not start: ${errors}`);
    await wait(20);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true });
  };
  return { port, errors: () => errors, stop };
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
