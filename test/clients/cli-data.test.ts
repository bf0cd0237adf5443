// The command line client: datasets and jobs.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import { fileOf, read } from '../support/safetensors-file.ts';
import { answer, command, refusal, reset, runCommand, runProgram, type Step, startStub } from './command.ts';

const run = promisify(execFile);
const text = JSON.stringify(examples.article.answer);
const right = answer(200, 'application/json', text);
const body = JSON.stringify(examples.article.request);
const problem =
  '{"title":"A value is outside its domain","detail":"d","errors":[{"pointer":"/batch/classes/7","detail":"none"}]}';

/** The state of a job of four parts. */
function state(name: string, completed: number, { status = 200, after = '0' } = {}): Step {
  const document = { id: 'j1', state: name, parts: { total: 4, completed } };
  return answer(status, 'application/json', JSON.stringify(document), { 'retry-after': after });
}
const queued = state('queued', 0, { status: 202 });

/** The document in the metadata of a safetensors file. */
function documentOf(bytes: Buffer): object {
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE())));
  return JSON.parse(header.__metadata__.request);
}

t.test('a dataset takes the place of the arrays', async (t) => {
  const { url, asked } = await startStub(t, right, right, right, right, right, right);
  const { network } = examples.article.request;
  const batch = { inputs: [[3]], classes: [0], indices: [1], samples: 'columns', sample_weights: [2] };
  const ask = async (input: string | Buffer, ...args: string[]) => {
    t.match(await runCommand(['--url', url, '--dataset', 'digits', ...args], input), {
      code: 0,
      stdout: `${text}\n`,
      stderr: '',
    });
    return asked.at(-1)?.body as Buffer;
  };
  const ofDataset = { dataset: 'digits', samples: 'columns', sample_weights: [2] };
  t.strictSame(JSON.parse(`${await ask(JSON.stringify({ network, batch }))}`), { network, batch: ofDataset });
  const rows = JSON.parse(`${await ask(JSON.stringify({ network }), '--rows', '0:1000', '--include', 'outputs')}`);
  t.strictSame(rows, { include: ['outputs'], network, batch: { dataset: 'digits', rows: [0, 1000] } });

  const bytes = await ask(fileOf({ network, batch, loss: 'l1' }), '--rows', '5:7');
  t.strictSame(documentOf(bytes), {
    ...documentOf(fileOf({ network, loss: 'l1' })),
    batch: { dataset: 'digits', rows: [5, 7], samples: 'columns' },
  });
  t.strictSame(read(bytes).tensors, read(fileOf({ network, batch: { sample_weights: [2] } })).tensors);

  t.equal(`${await ask('{"network":')}`, '{"network":', 'the service says what is wrong with what is no document');
  t.equal(`${await ask('[', '--media-type', 'safetensors')}`, '[');
});

t.test('a job', async (t) => {
  const { url, asked } = await startStub(
    t,
    reset,
    queued,
    state('running', 1),
    state('running', 3),
    state('succeeded', 4),
    right,
  );
  t.strictSame(await runCommand(['--url', url, '--wait', '--api-key', 'k'], body), { code: 0, stdout: `${text}\n`, stderr: '' });
  t.strictSame(
    asked.map(({ request: { method, url, headers } }) => [method, url, headers.prefer, headers.authorization]),
    [
      ['POST', '/gradients', 'respond-async', 'Bearer k'],
      ['POST', '/gradients', 'respond-async', 'Bearer k'],
      ...Array(3).fill(['GET', '/jobs/j1', undefined, 'Bearer k']),
      ['GET', '/jobs/j1/result', undefined, 'Bearer k'],
    ],
  );
  const [first, second] = asked.map(({ request }) => request.headers['idempotency-key']);
  t.match(first, /^[0-9a-f-]{36}$/);
  t.equal(second, first, 'one job');
  t.equal(`${asked[1].body}`, body);
});

t.test('the result of a job in safetensors', async (t) => {
  const file = fileOf(examples.article.answer);
  const { url, asked } = await startStub(t, state('succeeded', 4), answer(200, 'application/vnd.safetensors', file));
  const saved = join(t.testdir(), 'a.safetensors');
  t.match(await runCommand(['--url', url, '--wait', '--save', saved, '--output', 'json'], body), { code: 0 });
  t.strictSame(
    asked.map(({ request: { headers } }) => headers.accept),
    ['application/json', 'application/vnd.safetensors'],
  );
});

t.test('a job that fails, or is gone', async (t) => {
  const failed = answer(422, 'application/problem+json', problem);
  const { url } = await startStub(t, queued, state('failed', 1), failed, queued, refusal(404), refusal(422));
  const said = 'gradients: 422 A value is outside its domain: /batch/classes/7: none\n';
  t.strictSame(await runCommand(['--url', url, '--wait'], body), { code: 1, stdout: '', stderr: said });
  t.match(await runCommand(['--url', url, '--wait'], body), { code: 1, stderr: 'gradients: 404 Busy: as it is\n' });
  t.match(await runCommand(['--url', url, '--wait'], body), { code: 1, stderr: 'gradients: 422 Busy: as it is\n' });
});

t.test('put', async (t) => {
  const folder = t.testdir({ 'a.csv': 'x,y\n1,2\n', 'a.json': '{"inputs":[[1]]}', 'a.safetensors': fileOf({ inputs: [[1]] }) });
  const stored = '{"name":"digits","samples":1}';
  const created = answer(201, 'application/json', stored);
  const { url, asked } = await startStub(t, refusal(503, { 'retry-after': '0' }), ...Array(5).fill(created), refusal(507));
  const put = (file: string, ...args: string[]) => runCommand(['--url', url, 'put', 'digits', join(folder, file), ...args]);
  const done = { code: 0, stdout: `${stored}\n`, stderr: '' };
  t.strictSame(await put('a.csv', '--targets', 'y,z&w'), done);
  t.strictSame(await put('a.csv', '--classes', 'y'), done);
  t.strictSame(await put('a.json'), done);
  t.strictSame(await put('a.safetensors'), done);
  t.strictSame(await put('a.csv'), done);
  t.match(await put('a.csv'), { code: 1, stderr: 'gradients: 507 Busy: as it is\n' });
  t.strictSame(
    asked.slice(0, 6).map(({ request: { method, url, headers } }) => [method, url, headers['content-type']]),
    [
      ['PUT', '/datasets/digits?targets=y%2Cz%26w', 'text/csv'],
      ['PUT', '/datasets/digits?targets=y%2Cz%26w', 'text/csv'],
      ['PUT', '/datasets/digits?classes=y', 'text/csv'],
      ['PUT', '/datasets/digits', 'application/json'],
      ['PUT', '/datasets/digits', 'application/vnd.safetensors'],
      ['PUT', '/datasets/digits', 'text/csv'],
    ],
  );
  t.equal(`${asked[1].body}`, 'x,y\n1,2\n', 'sent again, whole');
  t.equal(asked[1].request.headers['content-length'], '8');
});

t.test('wrong usage', async (t) => {
  const folder = t.testdir({ 'a.csv': '', 'b.csv': {}, 'a.json': '{}' });
  const hint = ' (gradients --help lists the options)\n';
  const cases: [args: string[], stderr: string][] = [
    [['--rows', '0:1'], `--rows is of a dataset: expected --dataset, too${hint}`],
    [['--dataset', 'd', '--rows', '5'], `--rows: expected FIRST:END, as in 0:1000, got 5${hint}`],
    [['--targets', 'y'], `--targets is an option of put${hint}`],
    [['--classes', 'y'], `--classes is an option of put${hint}`],
    [['put', 'd', 'a.csv', '--wait'], `--wait is an option of a request${hint}`],
    [['put', 'd', 'a.csv', '--include', 'trace'], `--include is an option of a request${hint}`],
    [['put'], `put: expected a name and a file, got none${hint}`],
    [['put', 'd'], `put: expected a name and a file, got d${hint}`],
    [['put', 'd', 'a', 'b'], `put: expected a name and a file, got d a b${hint}`],
    [['put', 'd', 'a.npy'], 'put: expected a file that ends in .safetensors, .csv, .json, got a.npy\n'],
    [['put', 'd', 'a.json', '--classes', 'c'], 'put: --classes names columns of CSV; a.json names its arrays itself\n'],
    [['put', 'd', 'no.csv'], 'cannot read no.csv: no such file or directory\n'],
    [['put', 'd', join(folder, 'b.csv')], `cannot read ${join(folder, 'b.csv')}: it is not a file\n`],
  ];
  const outcomes = cases.map(async ([args, stderr]) =>
    t.strictSame(await runCommand(args), { code: 2, stdout: '', stderr: `gradients: ${stderr}` }),
  );
  await Promise.all(outcomes);
});

t.test('a service that takes nothing', async (t) => {
  const folder = t.testdir({ 'a.csv': 'x'.repeat(2 ** 24) });
  const silent: Step = Object.assign(() => {}, { early: true });
  const { url } = await startStub(t, silent);
  t.match(await runCommand(['--url', url, '--timeout', '0.2', 'put', 'd', join(folder, 'a.csv')]), {
    code: 3,
    stderr: `gradients: no service at ${url}: no answer within 0.2 s\n`,
  });
});

// From util-linux: runs a command on a new terminal.
const { stdout: script } = await run('script', ['--version']).catch(() => ({ stdout: '' }));
t.test('on a terminal', { skip: !script.includes('util-linux') && 'there is no script of util-linux here' }, async (t) => {
  const folder = t.testdir({ request: body, 'a.csv': 'x'.repeat(2 ** 21) });
  const onTerminal = async (args: string) => {
    const { code, stdout } = await runProgram('script', ['-qec', `"${process.execPath}" "${command}" ${args}`, '/dev/null'], '');
    t.equal(code, 0);
    return stdout.split('\r\u001b[K');
  };
  const created = answer(201, 'application/json', '{}');
  const { url } = await startStub(
    t,
    created,
    queued,
    state('running', 2),
    refusal(503, { 'retry-after': '0' }),
    state('succeeded', 4),
    right,
  );
  const put = await onTerminal(`--url ${url} put d ${join(folder, 'a.csv')}`);
  t.ok(put.includes('[##############################] 100 %  2.1 MB sent, storing'));
  t.equal(put.at(-1), '{}\r\n', 'nothing of the bar stays');
  const job = await onTerminal(`--url ${url} --wait ${join(folder, 'request')}`);
  t.strictSame(job.slice(1, -1), [
    '[------------------------------] 0 %  queued, 0 of 4 parts',
    '[###############---------------] 50 %  running, 2 of 4 parts',
    '503; again in 0 s',
  ]);
  t.equal(job.at(-1), `${text}\r\n`);
});
