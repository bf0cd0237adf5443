// The command line client: output and exit codes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import { startService } from '../support/process.ts';
import { fileOf, flattened, read } from '../support/safetensors-file.ts';
import { runCommand } from './command.ts';

const { article, classification } = examples;
const service = await startService();
t.teardown(() => service.process.kill('SIGKILL'));
const url = service.url.origin;
const env = { GRADIENTS_URL: url };
const body = JSON.stringify(article.request);

/** The text of the service's answer. */
async function textOf(request: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${url}/gradients`, { method: 'POST', headers, body: JSON.stringify(request) })).text();
}

t.test('JSON, unchanged', async (t) => {
  const expected = { code: 0, stdout: `${await textOf(article.request)}\n`, stderr: '' };
  t.strictSame(JSON.parse(expected.stdout), article.answer);
  const folder = t.testdir({ 'request.json': body, request: body });
  t.strictSame(await runCommand([join(folder, 'request.json')], '', env), expected, 'a file');
  t.strictSame(await runCommand([join(folder, 'request'), '--url', `${url}/`, '--output=json']), expected, 'by --url');
  t.strictSame(await runCommand([], body, env), expected, 'standard input');
  t.strictSame(await runCommand(['-', '--compressed'], body, env), expected, '-');
});

t.test('a table', async (t) => {
  const { code, stdout, stderr } = await runCommand(['--output', 'table'], body, env);
  t.strictSame([code, stderr], [0, '']);
  t.equal(
    stdout,
    `loss     2.629915324247322
divisor  4

layer  parameter  shape  norm      gradient-norm  gradient-min  gradient-max
0      weights    3x2    0.244949  0.425455       -0.212141     -0.123828
0      biases     3      0.173205  0.0831308      -0.0479956    -0.0479956
1      weights    3x3    0.3       0.570084       -0.190028     -0.190028
1      biases     3      0.173205  0.495662       -0.286171     -0.286171
2      weights    2x3    0.244949  1.12656        -0.526789     -0.381494
2      biases     2      0.141421  2.23827        -1.81282      -1.31282
`,
  );
});

t.test('a table with extra values, some of them requested by --include', async (t) => {
  const request = { ...classification.request, include: ['per_sample_losses', 'gradient_norms'] };
  const { stdout } = await runCommand(
    ['--output', 'table', '--include', 'outputs,per_sample_losses'],
    JSON.stringify(request),
    env,
  );
  t.equal(
    stdout,
    `loss                             0.8078230701200848
divisor                          2.5
gradient_norms.layers.0.weights  0.7137927006534506
gradient_norms.layers.0.biases   0.25627955146183395
gradient_norms.layers.1.weights  0.4471968242108599
gradient_norms.total             0.8804341131441376

layer  parameter  shape  norm      gradient-norm  gradient-min  gradient-max
0      weights    2x2    0.678233  0.713793       -0.489054     -0.244527
0      biases     2      0.1       0.25628        -0.244527     -0.0767185
1      weights    3x2    1.11355   0.447197       -0.348315     0.263459

array              shape  norm      min    max
per_sample_losses  3      0.611232  0      0.557722
outputs            3x3    1.2496    -0.57  0.84
`,
  );
});

t.test('norms as bars', async (t) => {
  const { code, stdout, stderr } = await runCommand(['--output', 'norms'], body, { ...env, COLUMNS: '60' });
  t.strictSame([code, stderr], [0, '']);
  t.equal(
    stdout,
    `loss 2.629915324247322

norm, logarithmic          0.1                            10
layer 0  weights   0.2449  ██████▍
         gradient  0.4255  ██████████▍
layer 1  weights      0.3  ███████▉
         gradient  0.5701  ████████████▌
layer 2  weights   0.2449  ██████▍
         gradient   1.127  █████████████████▍
`,
  );
});

t.test('norms that are 0, and norms of very different magnitudes', async (t) => {
  const layers = [{ weights: [[0]] }, { weights: [[1e200]] }];
  const request = { network: { layers }, batch: { inputs: [[1e-9]], targets: [[1]] }, loss: 'l1' };
  const { stdout } = await runCommand(['--output', 'norms'], JSON.stringify(request), { ...env, COLUMNS: '60' });
  t.equal(
    stdout,
    `loss 1

norm, logarithmic          1e+191                     1e+200
layer 0  weights        0
         gradient  1e+191  ▏
layer 1  weights   1e+200  █████████████████████████████████
         gradient       0
`,
  );
  const nothing = { network: { layers: [{ weights: [[0]] }] }, batch: { inputs: [[1]], targets: [[0]] } };
  const zero = await runCommand(['--output', 'norms'], JSON.stringify(nothing), { ...env, COLUMNS: '30' });
  t.equal(zero.stdout, 'loss 0\n\nnorm, logarithmic     1     10\nlayer 0  weights   0\n         gradient  0\n');
});

t.test('more extra values', async (t) => {
  const { include: _, ...request } = classification.request;
  const text = JSON.stringify(request);
  const wanted = (await textOf({ ...request, include: ['outputs', 'trace'] })).concat('\n');
  t.equal((await runCommand(['--include', 'outputs', '--include', 'trace'], text, env)).stdout, wanted, 'none before');
  t.equal((await runCommand(['--include', 'outputs,trace'], fileOf(request), env)).stdout, wanted, 'safetensors');
  const more = JSON.stringify({ ...request, include: ['outputs'] });
  t.equal((await runCommand(['--include', 'trace'], more, env)).stdout, wanted, 'some before');
  const wrong = {
    '{}': '/network: expected an object, but the key is missing',
    '{"include":"outputs"}': '/include: expected a list',
    '{"loss":"mse","loss":"mse"}': '/loss: the key stands twice',
    '{"network":': '/network: not JSON: line 1, column 12: value expected, at the end of the text',
    hello: 'The body cannot be read',
  };
  for (const [text, said] of Object.entries(wrong)) {
    const { code, stderr } = await runCommand(['--include', 'outputs'], text, env);
    t.equal(code, 1, text);
    t.match(stderr, said, text);
  }
});

t.test('safetensors', async (t) => {
  const expected = `${await textOf(article.request)}\n`;
  const bytes = fileOf(article.request);
  const folder = t.testdir({ 'a.safetensors': bytes, 'b.bin': bytes, 'c.json': bytes });
  t.equal((await runCommand([join(folder, 'a.safetensors')], '', env)).stdout, expected, 'by its name');
  t.equal((await runCommand([join(folder, 'b.bin')], '', env)).stdout, expected, 'by its content');
  t.equal((await runCommand([join(folder, 'c.json'), '--media-type', 'safetensors'], '', env)).stdout, expected, 'by the option');
  const misnamed = await runCommand([join(folder, 'c.json')], '', env);
  t.match(misnamed, { code: 1, stderr: /^gradients: 400 The body cannot be read: .*\n$/ });
  const broken = await runCommand(['--media-type', 'application/vnd.safetensors'], bytes.subarray(0, 100), env);
  t.match(broken, { code: 1, stderr: /^gradients: 400 The body cannot be read: the header is cut off: .*\n$/ });
  const [inJson, inTensors] = await Promise.all(
    [body, bytes].map((input) => runCommand(['--output', 'table', '--save', join(folder, 'd.safetensors')], input, env)),
  );
  t.match(inJson.stdout, 'loss     2.629915324247322\n');
  // Tensors are listed in the order of the answer's document, in both formats.
  t.equal(inTensors.stdout, inJson.stdout, 'the same table of both');
});

t.test('saving an answer', async (t) => {
  const folder = t.testdir();
  const file = (name: string) => join(folder, name);
  const request = JSON.stringify(classification.request);
  const silent = { code: 0, stdout: '', stderr: '' };
  t.strictSame(await runCommand(['--save', file('a.json')], request, env), silent);
  t.equal(readFileSync(file('a.json'), 'utf8'), await textOf(classification.request));
  t.strictSame(await runCommand(['--save', file('a.safetensors')], request, env), silent);
  t.strictSame(read(readFileSync(file('a.safetensors'))).tensors, flattened(classification.answer));
  const both = await runCommand(['--save', file('b.safetensors'), '--output', 'json'], request, env);
  t.equal(both.stdout, `${await textOf(classification.request)}\n`, 'printed as well if --output says so');
  t.strictSame(readFileSync(file('b.safetensors')), readFileSync(file('a.safetensors')));
  const nowhere = await runCommand(['--save', file('no/c.json')], request, env);
  t.strictSame(nowhere, {
    code: 2,
    stdout: '',
    stderr: `gradients: cannot write ${file('no/c.json')}: no such file or directory\n`,
  });
});

t.test('a dataset and a job', async (t) => {
  const { network, batch } = article.request;
  const columns = batch.samples === 'columns';
  t.ok(columns, 'its samples are columns');
  const rows = [0, 1].map((i) => [...batch.inputs, ...batch.targets].map((row) => row[i]).join(','));
  const file = join(t.testdir({ 'a.csv': ['a,b,c,d', ...rows, ''].join('\n') }), 'a.csv');
  const put = await runCommand(['put', 'article', file, '--targets', 'c,d'], '', env);
  t.match(
    { ...put, stdout: JSON.parse(put.stdout) },
    { code: 0, stdout: { name: 'article', samples: 2, features: 2 }, stderr: '' },
  );

  const right = { code: 0, stdout: `${await textOf(article.request)}\n`, stderr: '' };
  t.strictSame(await runCommand(['--dataset', 'article'], body, env), right);
  t.strictSame(await runCommand(['--dataset', 'article'], fileOf(article.request), env), right);
  t.strictSame(await runCommand(['--dataset', 'article', '--wait'], body, env), right);
  t.strictSame(await runCommand(['--wait'], body, env), right);
  const first = { inputs: batch.inputs.map(([a]) => [a]), targets: batch.targets.map(([a]) => [a]), samples: 'columns' };
  const ofRow = `${await textOf({ network, batch: first })}\n`;
  t.equal((await runCommand(['--dataset', 'article', '--rows', '0:1'], JSON.stringify({ network }), env)).stdout, ofRow);
  t.match(await runCommand(['--dataset', 'none', '--wait'], body, env), { code: 1, stderr: /422 There is no such dataset/ });
});

t.test('problems, one per line', async (t) => {
  const wide = {
    ...article.request,
    batch: {
      inputs: [
        [3, 2, 1],
        [4, 5],
      ],
      targets: [
        [2, 1],
        [2, 2],
      ],
      samples: 'columns',
    },
  };
  const cases: [input: string, stderr: string][] = [
    [
      JSON.stringify({
        ...article.request,
        batch: {
          ...article.request.batch,
          samples: 'rows',
          inputs: [
            [3, 2],
            [4, 5, 6],
          ],
        },
      }),
      '422 Shapes do not fit together: /batch/inputs/1: expected 2 values, one per input of layer 0, got 3',
    ],
    [
      JSON.stringify(wide),
      '422 Shapes do not fit together: /batch/inputs/1: expected 3 values, one per sample, got 2; ' +
        '/batch/targets: expected rows of 3 values, one per sample, got rows of 2',
    ],
    [
      '{"a":1,"loss":"mse"}',
      '400 The request does not fit the schema: /network: expected an object, but the key is missing; ' +
        '/batch: expected an object, but the key is missing; /a: unknown key "a"; there are network, batch, loss, penalty, include',
    ],
    ['', '400 The body cannot be read: the body is empty'],
  ];
  for (const [input, stderr] of cases)
    t.strictSame(await runCommand([], input, env), { code: 1, stdout: '', stderr: `gradients: ${stderr}\n` });
});
