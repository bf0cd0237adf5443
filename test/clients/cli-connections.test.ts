// The command line client: failing connections and services, terminals, and installation.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import { answer, command, cutOff, environment, refusal, reset, runCommand, runProgram, type Step, startStub } from './command.ts';

const run = promisify(execFile);
const text = JSON.stringify(examples.article.answer);
const right = answer(200, 'application/json', text);
const request = JSON.stringify(examples.article.request);

t.test('a request is retried until there is an answer', async (t) => {
  const troubles: Record<string, Step> = {
    '503': refusal(503, { 'retry-after': '0' }),
    '429': refusal(429, { 'retry-after': '0' }),
    'a date that has been': refusal(503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
    'a date that is none': refusal(503, { 'retry-after': 'soon' }),
    'no Retry-After': refusal(503),
    reset,
    'cut off': cutOff,
  };
  const outcomes = Object.entries(troubles).map(async ([name, trouble]) => {
    const { url, asked } = await startStub(t, trouble, right);
    t.strictSame(await runCommand(['--url', url], request), { code: 0, stdout: `${text}\n`, stderr: '' }, name);
    t.strictSame(
      asked.map(({ body }) => `${body}`),
      [request, request],
      name,
    );
  });
  await Promise.all(outcomes);
});

t.test('there are as many retries as allowed, and none for permanent errors', async (t) => {
  const busy = refusal(503, { 'retry-after': '0' });
  const { url, asked } = await startStub(t, busy, busy, busy, right);
  const { code, stderr } = await runCommand(['--url', url, '--retries', '2'], request);
  t.strictSame([code, stderr, asked.length], [1, 'gradients: 503 Busy: as it is\n', 3]);
  const gone = await startStub(t, reset, reset);
  t.match(await runCommand(['--url', gone.url, '--retries', '1'], request), {
    code: 3,
    stderr: /^gradients: no service at .*: ((read|write) ECONNRESET|socket hang up)\n$/,
  });
  for (const status of [400, 413, 500, 504]) {
    const { url } = await startStub(t, refusal(status), right);
    t.match(await runCommand(['--url', url], request), { code: 1, stderr: `gradients: ${status} Busy: as it is\n` });
  }
});

t.test('a refusal that arrives before the body has been sent', async (t) => {
  const refuse: Step = Object.assign(refusal(503, { 'retry-after': '0', connection: 'close' }), { early: true });
  const { url, asked } = await startStub(t, refuse, right);
  const large = `${request}${' '.repeat(2 ** 24)}`;
  t.match(await runCommand(['--url', url], large), { code: 0, stderr: '' });
  t.equal(asked[1].body.length, large.length);
});

t.test('requests and their headers', async (t) => {
  const zipped = answer(200, 'application/json', gzipSync(text), { 'content-encoding': 'gzip' });
  const { url, asked } = await startStub(t, right, zipped, right);
  await runCommand(['--url', `${url}/under/`, '--api-key', 'secret'], request, { GRADIENTS_API_KEY: 'other' });
  const { stdout } = await runCommand(['--url', url, '--compressed'], request, { GRADIENTS_API_KEY: 'other' });
  await runCommand([], request, { GRADIENTS_URL: url });
  t.equal(stdout, `${text}\n`, 'unpacked');
  t.match(
    asked.map(({ request: { url, headers } }) => [url, headers.authorization, headers['accept-encoding']]),
    [
      ['/under/gradients', 'Bearer secret', undefined],
      ['/gradients', 'Bearer other', 'gzip'],
      ['/gradients', undefined, undefined],
    ],
  );
});

t.test('no service', async (t) => {
  const { url: html } = await startStub(t, answer(502, 'text/html', '<h1>'), answer(200, 'text/html', '<h1>'));
  const { url: silent } = await startStub(t, () => {});
  const { url: wrong } = await startStub(t, answer(400, 'application/problem+json', '{'), (response) =>
    response.socket?.end('what?'),
  );
  const cases: [args: string[], stderr: string | RegExp][] = [
    [
      ['--url', 'http://u:p@127.0.0.1:1/x/'],
      /^gradients: no service at http:\/\/127\.0\.0\.1:1\/x: connect ECONNREFUSED 127\.0\.0\.1:1\n$/,
    ],
    [['--url', html], `gradients: no service at ${html}: what is there answers 502 Bad Gateway, text/html\n`],
    [['--url', html], `gradients: no service at ${html}: what is there answers 200 OK, text/html\n`],
    [['--url', silent, '--timeout', '0.1'], `gradients: no service at ${silent}: no answer within 0.1 s\n`],
    [['--url', wrong], /^gradients: no service at .*JSON.*\n$/],
    [['--url', wrong], /^gradients: no service at .*Parse Error.*\n$/],
  ];
  for (const [args, stderr] of cases) t.match(await runCommand(args, request), { code: 3, stdout: '', stderr });
});

t.test('output contains no terminal control characters', async (t) => {
  const title = 'Red \u001b[31m\nand more';
  const { url } = await startStub(t, answer(422, 'application/problem+json', JSON.stringify({ title, detail: '' })));
  t.equal((await runCommand(['--url', url], request)).stderr, 'gradients: 422 Red  [31m and more: \n');
});

t.test('wrong usage', async (t) => {
  const hint = ' (gradients --help lists the options)\n';
  const cases: [args: string[], stderr: string][] = [
    [['--colour'], `gradients: Unknown option '--colour'${hint}`],
    [
      ['a', 'b'],
      `gradients: expected one file, or gradients, vjp, jvp, jacobian, hvp, hessian, check and one file, got a b${hint}`,
    ],
    [
      ['hvp', 'a', 'b'],
      `gradients: expected one file, or gradients, vjp, jvp, jacobian, hvp, hessian, check and one file, got hvp a b${hint}`,
    ],
    [['jvp', '--wait'], `gradients: --wait is an option of gradients, hvp, hessian, not of jvp${hint}`],
    [['hessian', '--include', 'outputs'], `gradients: --include is an option of gradients, not of hessian${hint}`],
    [['vjp', '--output', 'norms'], `gradients: --output norms is an option of gradients, hvp, hessian, not of vjp${hint}`],
    [['--output', 'xml'], `gradients: --output: expected json, table, norms, words, got xml${hint}`],
    [['--media-type', 'text/plain'], `gradients: --media-type: expected json, safetensors, got text/plain${hint}`],
    [['--retries', '-1'], "gradients: Option '--retries' argument is ambiguous."],
    [['--retries', 'x'], `gradients: --retries: expected a number, got x${hint}`],
    [['--timeout', '0'], `gradients: --timeout: expected a number, got 0${hint}`],
    [['--url', 'localhost:3000'], `gradients: expected a URL that begins with http:// or https://, got localhost:3000${hint}`],
    [['--api-key', 'a b'], `gradients: expected a key of printable ASCII without spaces${hint}`],
    [['no-file.json'], 'gradients: cannot read no-file.json: no such file or directory\n'],
    [['.'], 'gradients: cannot read .: illegal operation on a directory\n'],
  ];
  const outcomes = cases.map(async ([args, stderr]) => t.match(await runCommand(args), { code: 2, stdout: '', stderr }));
  await Promise.all(outcomes);
  const { code, stdout } = await runCommand(['-h']);
  t.equal(code, 0);
  t.match(
    stdout,
    /^Usage: gradients \[OPTION\.\.\.\] \[OPERATION\] \[FILE\]\n.*\nExit status\n {2}0 {2}an answer\n.*\n {2}3 {2}no service there, or no answer of it\n$/s,
  );
});

t.test('a reader that closes the pipe early', async (t) => {
  const { url } = await startStub(t, answer(200, 'application/json', ' '.repeat(2 ** 22)));
  const child = spawn(process.execPath, [command, '--url', url], { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdout.destroy();
  child.stdin.end(request);
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  t.strictSame([await once(child, 'close'), stderr], [[0, null], '']);
});

// From util-linux: runs a command on a new terminal.
const { stdout: script } = await run('script', ['--version']).catch(() => ({ stdout: '' }));
t.test('on a terminal', { skip: !script.includes('util-linux') && 'there is no script of util-linux here' }, async (t) => {
  const folder = t.testdir({ request, large: `${request}${' '.repeat(2 ** 21)}` });
  const onTerminal = (args: string, env: Record<string, string> = {}) =>
    runProgram('script', ['-qec', `"${process.execPath}" "${command}" ${args}`, '/dev/null'], '', {
      TERM: 'xterm-256color',
      ...env,
    });

  const { url } = await startStub(t, refusal(503, { 'retry-after': '0' }), right, right, right);
  const large = await onTerminal(`--url ${url} ${join(folder, 'large')} --save ${join(folder, 'answer')}`);
  t.equal(large.code, 0);
  const frames = large.stdout.split('\r\u001b[K');
  t.ok(frames.includes('[####--------------------------] 12 %  0.3 of 2.1 MB'), 'some of it');
  t.equal(
    frames.filter((frame) => frame === '[##############################] 100 %  2.1 MB sent, computing').length,
    2,
    'all, twice',
  );
  t.ok(frames.includes('503; again in 0 s'), 'what it waits for');
  t.equal(frames.at(-1), '', 'nothing of it stays');

  const bars = await onTerminal(`--url ${url} --output norms ${join(folder, 'request')}`);
  t.match(bars.stdout, '0.2449  \u001b[34m█');
  t.notMatch(bars.stdout, '%', 'no bar for a small request');
  const plain = await onTerminal(`--url ${url} --output norms ${join(folder, 'request')}`, { NO_COLOR: '1' });
  t.match(plain.stdout, '0.2449  █');
});

t.test(
  'a terminal instead of a request',
  { skip: !script.includes('util-linux') && 'there is no script of util-linux here' },
  async (t) => {
    const { url } = await startStub(t, right);
    const child = spawn('script', ['-qec', `"${process.execPath}" "${command}" --url ${url}`, '/dev/null'], {
      env: environment(),
    });
    let shown = '';
    for await (const data of child.stdout) {
      shown += data;
      // Typed after the prompt, and ended with Ctrl+D.
      if (/says more/.test(shown) && child.stdin.writable) child.stdin.end('{"typed":1}\n\u0004');
    }
    t.match(shown, 'gradients: type or paste a request in JSON, then Ctrl-D (gradients --help says more)');
    t.match(shown, examples.article.answer.loss.toString());
  },
);

t.test('installed from its package, and run from the repository', async (t) => {
  const root = new URL('../../', import.meta.url).pathname;
  const folder = t.testdir();
  const options = { timeout: 60_000, env: environment({ npm_config_update_notifier: 'false' }) };
  const { stdout: name } = await run('npm', ['pack', '--silent', '--pack-destination', folder, './bin'], {
    ...options,
    cwd: root,
  });
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--prefix', folder, join(folder, name.trim())], options);
  const { url } = await startStub(t, right, right);
  const installed = join(folder, 'node_modules/.bin/gradients');
  t.strictSame(await runProgram(installed, ['--url', url], request), { code: 0, stdout: `${text}\n`, stderr: '' });
  const { stdout: version } = await run('npx', ['--offline', './bin', '--version'], { ...options, cwd: root });
  t.equal(version, '1.0.0\n');
  const packed = join(folder, 'node_modules/gradient-service-cli');
  for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) t.ok(existsSync(join(packed, file)), file);
  t.equal(readFileSync(join(packed, 'LICENSE'), 'utf8'), readFileSync(join(root, 'LICENSE'), 'utf8'));
});
