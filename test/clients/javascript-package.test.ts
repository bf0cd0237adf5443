// The package of the JavaScript client: packed, installed in an empty folder, and used in Node, Deno, Bun and a browser.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { noBrowser, openBrowser } from '../page/browser.ts';
import { startService } from '../support/process.ts';
import { environment } from './command.ts';

/** Runs a program without tap's preloaded modules, which prevent the compiler from loading. */
const run = (program: string, args: string[], options: object = {}) =>
  promisify(execFile)('env', ['-u', 'NODE_OPTIONS', program, ...args], { ...options, encoding: 'utf8' });
const root = join(import.meta.dirname, '../..');
const project = join(root, 'clients/javascript');
const folder = t.testdir({ 'package.json': '{ "type": "module" }', packed: {} });
const options = { cwd: folder, env: environment(), timeout: 120_000 };

await run('npm', ['pack', '--pack-destination', join(folder, 'packed')], { ...options, cwd: project });
const [archive] = readdirSync(join(folder, 'packed'));
await run('npm', ['install', '--offline', '--no-audit', join(folder, 'packed', archive)], options);
const installed = join(folder, 'node_modules/gradient-service-client');

/** A page that imports the package, as any server of files would serve it. */
const server = createServer((request, response) => {
  const [, path] = /^\/(\w+\.js)$/.exec(request.url ?? '') ?? [];
  response.setHeader('content-type', path ? 'text/javascript' : 'text/html');
  response.end(path ? readFileSync(join(installed, 'dist', path)) : '<!doctype html><title>page</title>');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const service = await startService({ keep: () => false, environment: { CORS_ORIGINS: page } });
t.teardown(() => {
  server.close();
  server.closeAllConnections();
  service.process.kill('SIGKILL');
});

/** Trains XOR, and prints the loss and the problem of a wrong request, as a line of JSON. */
const program = (source: string, types = false) => `
import { Client, parametersToVector, Problem, vectorToParameters${types ? ', type Network' : ''} } from '${source}';
const client = new Client({ url: '${service.url.origin}' });
const batch = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]] };
let network${types ? ': Network' : ''} = { layers: [
  { weights: [[1, -1], [-1, 1]], biases: [0.1, -0.1], activation: 'tanh' },
  { weights: [[0.5, 0.5]], biases: [0], activation: { type: 'softplus', beta: 2 } },
] };
let loss = 0;
for (let step = 0; step < 100; step++) {
  const answer = await client.gradients({ network, batch, loss: { type: 'huber', delta: 2 } });
  loss = answer.loss;
  const slope = parametersToVector(answer.gradients);
  network = { layers: vectorToParameters(parametersToVector(network.layers).map((w, i) => w - slope[i]), network) };
}
const problem = await client.gradients({ network, batch: { inputs: [[1]], targets: [[1]] } }).then(() => undefined, (error${types ? ': unknown' : ''}) => error);
const line = JSON.stringify([loss, problem instanceof Problem && problem.errors[0].pointer]);
`;
writeFileSync(join(folder, 'main.js'), `${program('gradient-service-client')}console.log(line);`);

let expected: [number, string] | undefined;

t.test('what is in it', async (t) => {
  const files = readdirSync(installed, { recursive: true }).map(String);
  t.match(files, [/./], 'it is there');
  for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
    t.ok(files.includes(file), file);
  t.notOk(
    files.some((file) => /^src|tsconfig/.test(file)),
    'no sources',
  );
  t.equal(readFileSync(join(installed, 'LICENSE'), 'utf8'), readFileSync(join(root, 'LICENSE'), 'utf8'));
  t.equal(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).dependencies, undefined);
});

t.test('in Node', async (t) => {
  const { stdout } = await run(process.execPath, ['main.js'], options);
  expected = JSON.parse(stdout);
  t.match(expected, [Number, '/batch/inputs']);
  t.ok(Number(expected?.[0]) < 0.01, `${expected}`);
});

for (const [name, args] of Object.entries({ deno: ['run', '--allow-net'], bun: ['run'] })) {
  const missing = await run(name, ['--version']).then(
    () => false,
    () => `there is no ${name} here`,
  );
  t.test(`in ${name}`, { skip: missing }, async (t) => {
    const { stdout } = await run(name, [...args, 'main.js'], options);
    t.strictSame(JSON.parse(stdout), expected);
  });
}

t.test('in a browser', { skip: noBrowser }, async (t) => {
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const tab = await browser.newPage();
  await tab.goto(page);
  await tab.addScriptTag({ type: 'module', content: `${program(`${page}/index.js`)}globalThis.line = line;` });
  const line = await tab.waitForFunction('globalThis.line');
  t.strictSame(JSON.parse(`${await line.jsonValue()}`), expected);
});

t.test('its types', async (t) => {
  mkdirSync(join(folder, 'types'));
  const compile = async (text: string) => {
    writeFileSync(join(folder, 'types/main.ts'), text);
    const args = [
      '--strict',
      '--noEmit',
      '--ignoreConfig',
      '--target',
      'es2022',
      '--lib',
      'es2023,dom',
      '--module',
      'nodenext',
      '--types',
      '',
    ];
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), [...args, 'types/main.ts'], options).catch(
      (error) => error,
    );
    return stdout;
  };
  t.equal(await compile(`${program('gradient-service-client', true)}export { line };`), '');
  const wrong =
    "import { Client } from 'gradient-service-client';\nnew Client().gradients({ network: { layers: [] }, batch: {}, loss: 'mae' });";
  t.match(await compile(wrong), /Type '"mae"' is not assignable/);
  const option =
    "new Client().gradients({ network: { layers: [{ weights: [[1]], activation: { type: 'elu', beta: 1 } }] }, batch: {} });";
  t.match(await compile(`import { Client } from 'gradient-service-client';\n${option}`), /'beta' does not exist in type/);
});
