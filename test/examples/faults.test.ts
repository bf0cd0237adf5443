// The example programs against a service that is busy, breaks connections, stalls, is stopped, or answers with 40 MB.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { freePorts } from '../support/process.ts';
import { articles, run, skipped } from './programs.ts';
import { RETRY_AFTER, startStub } from './stub.ts';

/** Those that do all that is tested here. */
const LANGUAGES = ['python', 'javascript', 'go', 'java', 'rust', 'r'];
/** The requests of a program that is busy at every second one. */
const REQUESTS = 8;

const folder = await mkdtemp(join(tmpdir(), 'faults-'));
t.teardown(() => rm(folder, { recursive: true }));
const file = join(folder, 'request.json');
await writeFile(
  file,
  JSON.stringify({ network: { layers: [{ weights: [[1, 2]] }] }, batch: { inputs: [[1, 2]], targets: [[1]] } }),
);

const programs = articles.filter(({ language }) => LANGUAGES.includes(language));
const skips = await Promise.all(programs.map(skipped));
const stub = await startStub(t);
const [stopped] = await freePorts(1);
t.equal(programs.length, 7);
t.jobs = 2;

for (const program of programs) {
  const name = program.file.replaceAll('/', '-');
  const ask = (fault: string, requests = 1, environment = {}) =>
    run(program, `${stub.origin}/${fault}/${name}`, { args: Array(requests).fill(file), environment });
  const seen = (fault: string) => stub.seen.get(`${fault}/${name}`) ?? { connections: [], waits: [] };
  const answers = (stdout: string) => [...stdout.matchAll(/^divisor: 2(\.0)?$/gm)].length;

  t.test(program.file, { buffered: true, skip: skips[programs.indexOf(program)] }, async (t) => {
    await t.test('several requests', async (t) => {
      // With a slash at the end of the URL.
      const { stdout, stderr } = await run(program, `${stub.origin}/none/${name}/`, { args: [file, file, file] });
      t.equal(answers(stdout), 3, 'it prints all answers', { stderr });
      t.match(stdout, /^loss: 0\.5(0*)$/m);
      t.equal(seen('none').connections.length, 3);
      // The fetch of Node may open a second one, if the first is not free yet.
      const most = program.language === 'javascript' ? 2 : 1;
      t.ok(new Set(seen('none').connections).size <= most, 'they share a connection');
    });
    await t.test('busy', async (t) => {
      const { stdout, stderr } = await ask('busy');
      t.equal(answers(stdout), 1, 'it tries again', { stderr });
      const { connections, waits } = seen('busy');
      t.equal(connections.length, 2);
      t.equal(new Set(connections).size, 1, 'on the same connection');
      t.ok(waits[0] > 1000 * RETRY_AFTER - 10, `it waits as long as it was told to: ${waits[0]} ms`);
    });
    await t.test('busy at every second request', async (t) => {
      const { stdout, stderr } = await ask('flapping', REQUESTS);
      t.equal(answers(stdout), REQUESTS, 'it prints all answers', { stderr });
      const { connections, waits } = seen('flapping');
      t.equal(connections.length, 2 * REQUESTS);
      // Every other wait is a back-off.
      const backoffs = waits.filter((_, i) => i % 2 === 0);
      const spread = Math.max(...backoffs) - Math.min(...backoffs);
      t.ok(spread > 50, `its back-off has jitter: ${backoffs.map(Math.round)} ms`);
    });
    for (const fault of ['broken', 'cut']) {
      await t.test(`a connection that is ${fault}`, async (t) => {
        const { stdout, stderr } = await ask(fault);
        t.equal(answers(stdout), 1, 'it tries again', { stderr });
        t.equal(new Set(seen(fault).connections).size, 2, 'on another connection');
      });
    }
    for (const fault of ['stalled', 'stalled-body']) {
      await t.test(`an answer that is ${fault}`, async (t) => {
        const { code, stderr } = await ask(fault, 1, { GRADIENTS_TIMEOUT: '1' });
        t.ok(code, 'it fails');
        t.match(stderr, stub.origin, 'it names the service');
        t.equal(seen(fault).connections.length, 1, 'it does not try again');
      });
    }
    await t.test('an answer of 40 MB', async (t) => {
      const { stdout, stderr } = await ask('large');
      t.equal(answers(stdout), 1, 'it is read', { stderr });
    });
    await t.test('a stopped service', async (t) => {
      const url = `http://127.0.0.1:${stopped}`;
      const { code, stderr } = await run(program, url, { environment: { GRADIENTS_RETRY_TIME: '0.5' } });
      t.ok(code, 'it fails');
      t.match(stderr, url, 'its address is named');
    });
  });
}
