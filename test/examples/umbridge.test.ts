// The example for UM-Bridge: a network as a model of its package, checked by the package's client and central differences.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { runCommand } from '../support/languages.ts';
import { freePorts, startService } from '../support/process.ts';
import { bridges, folder, run } from './programs.ts';

const python = process.env.PYTHON ?? 'python3';
const { code: imported } = await runCommand([python, '-c', 'import umbridge, numpy, safetensors, urllib3']);
const client = new URL('../../clients/python/src', import.meta.url).pathname;
const service = await startService();
t.teardown(async () => {
  service.process.kill();
  await service.exit;
});

const skip = imported !== 0 && `${python} has not all of umbridge, numpy, safetensors, urllib3: pip install`;
t.test('its derivatives are those of central differences', { skip }, async (t) => {
  const [port] = await freePorts(1);
  const server = spawn(python, ['server.py'], {
    cwd: `${folder}umbridge`,
    env: { ...process.env, GRADIENTS_URL: service.url.origin, PYTHONPATH: client, PYTHONUNBUFFERED: '1', PORT: `${port}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => server.kill());
  const lines = createInterface({ input: server.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(server, 'exit')]);
  t.match(line, `Running on http://127.0.0.1:${port}`);

  const [, check] = bridges;
  const { code, stdout, stderr } = await run(check, service.url.origin, {
    args: [`http://127.0.0.1:${port}`],
  });
  t.equal(code, 0, 'it succeeds', { stderr });
  t.match(stdout, 'network: inputs [2], outputs [2]\n');
  t.match(stdout, 'network-with-parameters: inputs [2, 17], outputs [2]\n');
  const differences = [...stdout.matchAll(/^ {2}(\w+), .*: (.+)$/gm)];
  t.strictSame(
    differences.map(([, what]) => what),
    [
      'Jacobian',
      'gradient',
      'Hessian',
      'Jacobian',
      'gradient',
      'Hessian',
      'Hessian',
      'Jacobian',
      'gradient',
      'Hessian',
      'Hessian',
    ],
  );
  for (const [line, , difference] of differences) t.ok(Number(difference) < 1e-7, line);
});
