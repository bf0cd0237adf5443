// The Python client: its own tests against a running service, its examples, types, and installation.
import { execFile } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { startService } from '../support/process.ts';

const run = promisify(execFile);
const python = process.env.PYTHON ?? 'python3';
const project = new URL('../../clients/python/', import.meta.url).pathname;

/** The modules that are missing in Python, of all that the tests need. */
const modules = ['numpy', 'safetensors', 'urllib3', 'torch', 'scipy', 'mypy', 'pip', 'hatchling', 'pytest', 'twine'];
const search = `from importlib.util import find_spec; print(*(name for name in ${JSON.stringify(modules)} if not find_spec(name)))`;
const { stdout: missing } = await run(python, ['-c', search]).catch(() => ({ stdout: modules.join(' ') }));

/** The reason to skip a test that needs these modules in addition to those of the client; false if all are installed. */
function lacking(...others: string[]): string | false {
  const names = ['numpy', 'safetensors', 'urllib3', ...others].filter((name) => missing.trim().split(' ').includes(name));
  return names.length > 0 && `${python} has no ${names.join(', ')}`;
}

const { GRADIENTS_API_KEY: _, ...environment } = process.env;
const service = await startService();
t.teardown(() => service.process.kill('SIGKILL'));

/** Runs Python in the folder of the client. */
function inPython(options: string[], path = `${project}src`) {
  const env = { ...environment, GRADIENTS_URL: service.url.origin, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' };
  return run(python, options, { cwd: project, env, timeout: 60_000 });
}

for (const file of globSync('tests/test_*.py', { cwd: project })) {
  t.test(file, { skip: file.includes('torch') ? lacking('torch') : lacking() }, async (t) => {
    const { stderr } = await inPython([
      '-W',
      'error',
      '-m',
      'unittest',
      'discover',
      '-s',
      'tests',
      '-p',
      file.slice('tests/'.length),
    ]);
    t.match(stderr, /^Ran [1-9]\d* tests? in .*\n\nOK\n$/m);
  });
}

t.test('torch learns XOR through the service', { skip: lacking('torch') }, async (t) => {
  const { stdout } = await inPython(['examples/train_torch.py']);
  const [, difference, loss] =
    /gradients: (\S+)\nloss after 200 steps: (\S+)\noutputs: \[-?0\.0, 1\.0, 1\.0, -?0\.0\]\n$/.exec(stdout) ?? [];
  t.ok(Number(difference) < 1e-12, `${difference} from torch's gradients`);
  t.ok(Number(loss) < 1e-6, `loss ${loss}`);
});

t.test('scipy learns XOR through the service', { skip: lacking('scipy') }, async (t) => {
  const { stdout } = await inPython(['examples/minimize_xor.py']);
  const [, loss] = /^loss: (\S+) after \d+ requests\nclasses: \[0, 1, 1, 0\]\n$/.exec(stdout) ?? [];
  t.ok(Number(loss) < 1e-4, `loss ${loss}`);
});

t.test('scipy trains on a dataset that lies in the service, with little memory', { skip: lacking('scipy') }, async (t) => {
  const { stdout } = await inPython(['examples/lbfgs_dataset.py', '25000']);
  const [, logistic, perceptron, memory] =
    /^25000 samples, 2\.0 MB in the service\nlogistic .*, (\S+)% right\nmultilayer .*, (\S+)% right\n.* at most (\d+) MB\n$/.exec(
      stdout,
    ) ?? [];
  t.ok(Number(logistic) > 70, `the logistic regression: ${logistic} %`);
  t.ok(Number(perceptron) > 95, `the perceptron: ${perceptron} %`);
  t.ok(Number(memory) < 200, `${memory} MB`);
});

t.test("Levenberg-Marquardt by the service ends at the loss of scipy's least_squares", { skip: lacking('scipy') }, async (t) => {
  const { stdout } = await inPython(['examples/least_squares.py']);
  const [, own, scipy] = /^\/hessian: loss (\S+) after 7 requests\nscipy: loss (\S+) after \d+ requests\n$/.exec(stdout) ?? [];
  t.ok(Math.abs(Number(own) - Number(scipy)) < 1e-10 * Number(scipy), `${own} and ${scipy}`);
});

t.test("scipy's methods with products of the Hessian end where BFGS does", { skip: lacking('scipy') }, async (t) => {
  const { stdout } = await inPython(['examples/newton.py']);
  const methods = [...stdout.matchAll(/^(\S+): loss (\S+), \|gradient\| (\S+) after (\d+) gradients, (\d+) products$/gm)];
  t.strictSame(
    methods.map(([, name]) => name),
    ['Newton-CG', 'trust-ncg', 'BFGS'],
  );
  const [newton, trust, bfgs] = methods.map(([, , ...numbers]) => numbers.map(Number));
  for (const [loss, slope, gradients] of [newton, trust]) {
    t.ok(Math.abs(loss - bfgs[0]) < 1e-10, `${loss} and ${bfgs[0]}`);
    t.ok(slope < 1e-5, `${slope}`);
    t.ok(gradients * 2 < bfgs[2], `${gradients} gradients, not ${bfgs[2]}`);
  }
});

t.test("the tests of somebody's own backward pass", { skip: lacking('pytest') }, async (t) => {
  const { stdout } = await inPython(['-m', 'pytest', '-q', '-rP', '-p', 'no:cacheprovider', 'examples/test_my_backprop.py']);
  t.match(stdout, /^2 passed/m);
  t.match(stdout, /^wrong in 4 of 7 arrays, first gradients\[1\]\.weights at \[\d, \d\]: expected \S+, got \S+, relative error/m);
  t.match(stdout, /^ {2}- dZ = dA \* \(1 - Z \*\* 2\)\n {2}\+ dZ = dA \* \(1 - A \*\* 2\)$/m);
});

t.test('types', { skip: lacking('mypy') }, async (t) => {
  const { stdout } = await inPython(['-m', 'mypy', '--cache-dir', '/dev/null']);
  t.match(stdout, 'Success: no issues found');
});

t.test('its archives are fit to publish, and install', { skip: lacking('pip', 'hatchling', 'twine') }, async (t) => {
  const [dist, target] = [t.testdir({ dist: {}, target: {} })].flatMap((folder) => [`${folder}/dist`, `${folder}/target`]);
  await inPython(['-m', 'hatchling', 'build', '--directory', dist]);
  const [wheel, source] = ['gradient_service_client-1.0.0-py3-none-any.whl', 'gradient_service_client-1.0.0.tar.gz'];
  t.strictSame(readdirSync(dist).sort(), [wheel, source]);
  const checked = await inPython(['-m', 'twine', 'check', '--strict', `${dist}/${wheel}`, `${dist}/${source}`]);
  t.equal(checked.stdout.match(/PASSED/g)?.length, 2);
  await inPython(['-m', 'pip', 'install', '--no-deps', '--no-index', '--target', target, `${dist}/${wheel}`]);
  const program = [
    'from importlib import metadata, resources',
    'import gradient_service',
    'print(gradient_service.__file__, metadata.version("gradient-service-client"))',
    'print((resources.files(gradient_service) / "py.typed").is_file())',
    'print(metadata.metadata("gradient-service-client").get_all("License-File"))',
    'print(gradient_service.gradients([{"weights": [[2]]}], {"inputs": [[1]], "targets": [[0]]}).loss)',
  ];
  const { stdout } = await inPython(['-c', program.join('\n')], target);
  t.equal(stdout, `${target}/gradient_service/__init__.py 1.0.0\nTrue\n['LICENSE']\n4.0\n`);
});

t.test('the licence is that of the repository', async (t) => {
  t.equal(readFileSync(`${project}LICENSE`, 'utf8'), readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8'));
});
