// The command line client: the operations beside gradients.
import { join } from 'node:path';
import t from 'tap';
import { operations } from '../../bin/operations.js';
import { hessianExamples, hvpExamples } from '../../schemas/examples-curvature.ts';
import { jacobianExamples, jvpExamples, vjpExamples } from '../../schemas/examples-derivatives.ts';
import { operations as registered } from '../../src/operations/registry.ts';
import { startService } from '../support/process.ts';
import { fileOf } from '../support/safetensors-file.ts';
import { runCommand } from './command.ts';

const service = await startService();
t.teardown(() => service.process.kill('SIGKILL'));
const env = { GRADIENTS_URL: service.url.origin };

/** Runs the command, which has to succeed; what it prints. */
async function printed(args: string[], request: object): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, JSON.stringify(request), env);
  t.strictSame([code, stderr], [0, ''], args.join(' '));
  return stdout;
}

t.test('its operations are those of the service', (t) => {
  t.strictSame(
    Object.entries(operations).map(([name, { job }]) => [name, job]),
    registered.map(({ name, parts }) => [name, parts !== undefined]),
  );
  t.end();
});

t.test('each operation', async (t) => {
  // Those of check are below.
  for (const { name, examples } of registered.filter(({ name }) => name !== 'check')) {
    for (const { request, answer, summary } of Object.values(examples)) {
      t.strictSame(JSON.parse(await printed([name], request)), answer, `${name}: ${summary}`);
      const folder = t.testdir({ 'a.safetensors': fileOf(request) });
      t.strictSame(JSON.parse(await printed([name, join(folder, 'a.safetensors')], {})), answer, `${name}: safetensors`);
    }
  }
});

t.test('tables', async (t) => {
  t.equal(
    await printed(['jacobian', '--output', 'table'], jacobianExamples.inputs.request),
    `array     shape  norm      min        max
outputs   2x1    0.612899  -0.595677  -0.144272
jacobian  2x1x2  0.727328  -0.42685   0.485999
`,
  );
  t.equal(
    await printed(['vjp', '--output', 'table'], vjpExamples.cotangents.request),
    `layer  parameter  shape  norm      gradient-norm  gradient-min  gradient-max
0      weights    2x2    1.36931   1.92877        -0.324197     1.75818
0      biases     2      0.223607  0.712517       -0.546153     0.4576
1      weights    1x2    1.11803   1.1615         -0.468628     1.06277
1      biases     1      0.25      1              -1            -1

array            shape  norm      min        max
outputs          2x1    0.612899  -0.595677  -0.144272
input_gradients  2x2    1.09787   -0.415875  0.853701
`,
  );
  t.equal(
    await printed(['hessian', '--output', 'table'], hessianExamples.levenberg_marquardt.request),
    `loss             0.534375359464021
divisor          1
steps.0.damping  0.01
steps.0.loss     0.31963289769934805
steps.1.damping  1
steps.1.loss     0.0049412778542452275

layer  parameter  shape  norm     gradient-norm  gradient-min  gradient-max
0      weights    1x2    1.11803  1.02218        -0.769576     0.672755
0      biases     1      0.25     0.898049       -0.898049     -0.898049

array                   shape  norm      min        max
hessian                 3x3    2.22863   -0.240034  1.49815
steps.0.step.0.weights  1x2    0.704381  -0.367094  0.601161
steps.0.step.0.biases   1      0.392614  0.392614   0.392614
steps.1.step.0.weights  1x2    0.383356  -0.234004  0.303652
steps.1.step.0.biases   1      0.314998  0.314998   0.314998
`,
  );
});

t.test('norms', async (t) => {
  const shown = await printed(['hvp', '--output', 'norms'], hvpExamples.hessian.request);
  t.match(shown, /^loss 0\.178125\d+\n\nnorm, logarithmic .*\nlayer 0 {2}weights +1\.118 .*\n +gradient +0\.3407 /);
});

t.test('on a dataset, and as a job', async (t) => {
  const folder = t.testdir({ 'points.csv': 'x,y,t\n1,2,-0.5\n-1,0.5,0\n2,0,0.75\n' });
  await printed(['put', 'points', join(folder, 'points.csv'), '--targets', 't'], {});
  const { batch: _, ...request } = hvpExamples.hessian.request;
  const on = ['--dataset', 'points'];
  t.strictSame(JSON.parse(await printed(['hvp', ...on], request)), hvpExamples.hessian.answer);
  t.strictSame(JSON.parse(await printed(['hvp', ...on, '--wait'], request)), hvpExamples.hessian.answer);
  const jvp = { network: request.network, tangents: { parameters: request.vector } };
  const inputs = [
    [1, 2],
    [-1, 0.5],
  ];
  t.equal(
    await printed(['jvp', ...on, '--rows', '0:2'], jvp),
    await printed(['jvp'], { ...jvp, batch: { inputs } }),
    'rows of a dataset',
  );
});

t.test('a problem', async (t) => {
  const { code, stderr } = await runCommand(['jvp'], JSON.stringify({ ...jvpExamples.inputs.request, loss: 'mse' }), env);
  t.equal(code, 1);
  t.match(stderr, /^gradients: 400 The request does not fit the schema: \/loss: unknown key "loss"/);
});

t.test('check, in words', async (t) => {
  const request = {
    network: { layers: [{ weights: [[1, 2]], biases: [0.5] }] },
    batch: {
      inputs: [
        [3, 4],
        [1, 1],
        [0, 2],
      ],
      targets: [[1], [2], [0]],
    },
  };
  const said = async (candidate: object, ...options: string[]) => {
    const { code, stdout, stderr } = await runCommand(['check', ...options], JSON.stringify({ ...request, candidate }), env);
    t.equal(stderr, '');
    return { code, stdout };
  };
  t.strictSame(await said({ gradients: [{ weights: [[22, 35]], biases: [11] }] }), {
    code: 0,
    stdout: 'right: 2 arrays compared\n',
  });
  t.strictSame(await said({ loss: 44.25 }), { code: 0, stdout: 'right: 1 array compared\n' });
  t.strictSame(await said({ gradients: [{ weights: [[22, 35]], biases: [11 / 3] }] }), {
    code: 1,
    stdout: `wrong: 1 of 2 arrays, the first in the order of computation is /candidate/gradients/0/biases
  /candidate/gradients/0/biases: [0] is 3.6666666666666665, right is 11, off by 0.67, all numbers by the factor 0.333333

averaged-twice at /network/layers/0/biases
  the sum was divided by the number of samples once more
  - dW = dZ.T @ X / len(X)  # dZ has been divided already
  + dW = dZ.T @ X
  Divide once: in the derivative of the loss, or in the gradients of the parameters.
  explains /candidate/gradients/0/biases
`,
  });
  t.match(await said({ gradients: [{ weights: [[22], [35]] }] }), {
    code: 1,
    stdout: /^ {2}\/candidate\/gradients\/0\/weights: expected the shape 1x2, got 2x1$/m,
  });
  const unknown = await said({ loss: 3, gradients: [{ weights: [[22, 35.7]] }] });
  t.equal(unknown.code, 1);
  t.match(unknown.stdout, /^ {2}\/candidate\/loss: is 3, right is 44\.25, off by 0\.93/m);
  t.match(unknown.stdout, /^no mistake of the catalogue \(GET \/mistakes\) gives these numbers$/m);
  const json = await said({ loss: 3 }, '--output', 'json');
  t.equal(json.code, 1);
  t.match(JSON.parse(json.stdout), { agrees: false, first_difference: '/candidate/loss' });
  const { code, stderr } = await runCommand(['jvp', '--output', 'words'], '{}', env);
  t.strictSame(
    [code, stderr],
    [2, 'gradients: --output words is an option of check, not of jvp (gradients --help lists the options)\n'],
  );
});
