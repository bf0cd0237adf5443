// Runs nginx with the configuration of deploy/nginx, on loopback.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePorts } from '../support/process.ts';

/** The reason why nginx cannot be run; undefined if it is installed. */
export function noNginx(): string | undefined {
  return spawnSync('nginx', ['-v']).error && 'there is no nginx here (apt-get install nginx-light)';
}

export interface Balancer {
  readonly port: number;
  /** The errors that nginx has logged. */
  readonly errors: () => string;
  stop(): Promise<void>;
}

/** How long nginx may take to start, in milliseconds. */
const START = 10_000;

const configuration = new URL('../../deploy/nginx/', import.meta.url).pathname;

/** Starts nginx with the deployed configuration, in front of replicas on the given ports. */
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
    // Expected messages: bodies buffered in files, and replicas that are down.
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
