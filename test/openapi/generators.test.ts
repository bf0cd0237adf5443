// Two of the clients that `npm run clients` makes from /openapi.json: they compile, and get the article's gradients.
import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { type Service, startService } from '../support/process.ts';
import { compilerOptions, difference } from './generated.ts';

const run = promisify(execFile);

const PYTHON = process.env.PYTHON ?? 'python3';

const clients = join(import.meta.dirname, 'clients');
const packages = join(import.meta.dirname, '../../node_modules');

/** The timeout of a program, in milliseconds: far longer than usual. */
const timeout = 120_000;

/** False if a program is installed; otherwise what is missing. */
async function missing(what: string, command: string, args: string[]): Promise<string | false> {
  return run(command, args, { timeout }).then(
    () => false,
    () => `there is no ${what} here`,
  );
}

/** A folder with one of the programs, and a running service. */
async function prepare(t: Test, program: string): Promise<{ folder: string; service: Service }> {
  const service = await startService({ keep: () => false });
  t.teardown(() => service.process.kill('SIGKILL'));
  const folder = t.testdir();
  cpSync(join(clients, program), join(folder, program));
  return { folder, service };
}

const noPython = await missing('openapi-python-client', PYTHON, ['-m', 'openapi_python_client', '--version']);

t.test('Python, by openapi-python-client', { skip: noPython }, async (t) => {
  const { folder, service } = await prepare(t, 'main.py');
  // Without this the generator would run formatters.
  writeFileSync(join(folder, 'config.yaml'), 'post_hooks: []\n');
  const args = [
    '--url',
    `${new URL('/openapi.json', service.url)}`,
    '--meta',
    'none',
    '--output-path',
    'gradient_service_client',
  ];
  await run(PYTHON, ['-m', 'openapi_python_client', 'generate', ...args, '--config', 'config.yaml'], { cwd: folder, timeout });
  const { stdout } = await run(PYTHON, ['main.py', service.url.origin], { cwd: folder, timeout });
  t.equal(difference(stdout), undefined);
});

const generator = ['-c', 'import sys, openapi_generator_cli as g; sys.exit(g.run(sys.argv[1:]).returncode)'];
const noGenerator = await missing('openapi-generator-cli, or no Java', PYTHON, [...generator, 'version']);

t.test('TypeScript, by openapi-generator', { skip: noGenerator }, async (t) => {
  const { folder, service } = await prepare(t, 'main.ts');
  const input = `${new URL('/openapi.json', service.url)}`;
  await run(PYTHON, [...generator, 'generate', '-i', input, '-g', 'typescript-fetch', '-o', 'client'], { cwd: folder, timeout });
  // Otherwise the package.json of this repository would apply.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  // Without tap's preloaded modules: they prevent the compiler from loading.
  const compile = ['-u', 'NODE_OPTIONS', join(packages, '.bin/tsc'), ...compilerOptions, 'main.ts'];
  await run('env', compile, { cwd: folder, timeout }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  const { stdout } = await run(process.execPath, ['out/main.js', service.url.origin], { cwd: folder, timeout });
  t.equal(difference(stdout), undefined);
});
