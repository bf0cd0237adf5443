// The server as a process: what prevents its start is reported in one line, which names the setting and what to write.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { Config } from '../schemas/config.ts';
import { program, startService } from './support/process.ts';

/** Asserts that the service does not start, and says why in one line. */
async function fails(t: Test, environment: Record<string, string>, line: RegExp, cwd = process.cwd()): Promise<void> {
  const child = spawn(process.execPath, [program], { cwd, env: { ...process.env, PORT: '0', ...environment } });
  const ended = once(child, 'exit');
  const said = await text(child.stderr);
  t.match(said, line);
  t.equal(said.split('\n').length, 2, 'one line');
  t.equal((await ended)[0], 1);
}

t.test('--help prints every setting with its default; there are no other arguments', async (t) => {
  const ask = (argument: string) => spawn(process.execPath, [program, argument]);
  const help = ask('--help');
  const said = await text(help.stdout);
  for (const [name, { default: initial, description }] of Object.entries(Config.properties))
    t.match(said, `  ${name}${initial === undefined ? '' : ` (default ${initial})`}\n      ${description}\n`);
  t.match(await text(ask('--port').stderr), /^Unknown option '--port'/);
});

t.test('a wrong environment', async (t) => {
  await fails(
    t,
    { PORT: '80a', BODY_LIMIT: '0', TRUST_PROXY: 'proxy', OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' },
    new RegExp(
      '^wrong environment: PORT: expected an integer, got "80a"; BODY_LIMIT: expected at least 1, got 0; ' +
        'TRUST_PROXY: expected addresses or networks such as 10.0.0.0/8, or a number of proxies up to 99, got "proxy"; ' +
        'OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL such as http://collector:4318, got "collector"\n$',
    ),
  );
});

t.test('a library that is no BLAS', async (t) => {
  const asked = { ENGINE: 'openblas', BLAS_LIBRARY: 'no-such-library.so' };
  await fails(
    t,
    asked,
    /^ENGINE, BLAS_LIBRARY: no BLAS: no-such-library\.so: .*: install a BLAS and name it, or write ENGINE=auto\n$/,
  );
});

t.test('an address that is none of this machine', async (t) => {
  const help = 'expected an address of this machine, such as 127\\.0\\.0\\.1, or 0\\.0\\.0\\.0 for all, got';
  await fails(t, { HOST: '192.0.2.1' }, new RegExp(`^HOST: ${help} "192\\.0\\.2\\.1" \\(listen EADDRNOTAVAIL: .*\\)\n$`));
  await fails(t, { HOST: 'a b' }, new RegExp(`^HOST: ${help} "a b" \\(getaddrinfo E.*\\)\n$`));
});

t.test('a port that is taken', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const line = `^PORT: expected a free port of 127\\.0\\.0\\.1, got ${port}: another process has it \\(listen EADDRINUSE: .*\\)\n$`;
  await fails(t, { PORT: `${port}` }, new RegExp(line));
});

t.test('keys that match no header, and a file that cannot be read', async (t) => {
  await fails(t, { API_KEYS: 'schlüssel' }, /^API_KEYS: key 1: expected visible ASCII characters [^ü]*\n$/);
  await fails(t, { API_KEYS_FILE: t.testdirName }, /^API_KEYS_FILE: \S*: expected a file with one key per line: E.*\n$/);
});

t.test('.env: a folder, a file with a wrong value, and the priority of the environment', async (t) => {
  const folder = t.testdir({ folder: { '.env': {} }, file: { '.env': 'PORT=80a\nLOG_LEVEL=loud\n' } });
  await fails(t, {}, /^\.env: expected a file with lines NAME=value, or none: .*\n$/, `${folder}/folder`);
  const { PORT, ...environment } = process.env;
  const child = spawn(process.execPath, [program], { cwd: `${folder}/file`, env: { ...environment, LOG_LEVEL: 'info' } });
  t.equal(await text(child.stderr), 'wrong environment: PORT: expected an integer, got "80a"\n');
});

t.test('with every number at its least and at its most, it starts and ends', async (t) => {
  for (const bound of ['minimum', 'maximum'] as const) {
    const numbers = Object.entries(Config.properties).flatMap(([name, schema]) =>
      schema.type === 'integer' && name !== 'PORT' ? [[name, `${schema[bound]}`]] : [],
    );
    const service = await startService({ environment: { ...Object.fromEntries(numbers), DRAIN_MS: '0' }, measured: true });
    t.teardown(() => service.process.kill('SIGKILL'));
    t.strictSame(service.badLines, []);
    service.process.kill('SIGTERM');
    t.equal(await service.exit, 0, bound);
  }
});
