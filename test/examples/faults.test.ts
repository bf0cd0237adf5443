// The example programs against a service that is busy, breaks connections, stalls, is stopped, or answers with 40 MB.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { launchBrowser, noBrowser } from '../page/browser.ts';
import type { Outcome } from '../support/languages.ts';
import { freePorts } from '../support/process.ts';
import { browse } from './pages.ts';
import { articles, type Program, run, skipped } from './programs.ts';
import { type Fault, faults, RETRY_AFTER, requestOf, startStub } from './stub.ts';

/** The requests that are busy at first: enough of them to see the jitter of the back-off. */
const FLAPPING = 6;
/** The requests of one run of a program. */
const TOLERATED: readonly Fault[] = [
  'none',
  'none',
  'none',
  'busy',
  ...Array(FLAPPING).fill('flapping'),
  'broken',
  'cut',
  'large',
];

const folder = await mkdtemp(join(tmpdir(), 'faults-'));
t.teardown(() => rm(folder, { recursive: true }));
const fileOf = (fault: Fault) => join(folder, `${fault}.json`);
for (const fault of faults) await writeFile(fileOf(fault), requestOf(fault));

// That for NumPy sends what it reads from safetensors, and has the connection of the one in Python.
const programs = articles.filter(({ language }) => language !== 'numpy');
const skips = await Promise.all(programs.map(skipped));
const stub = await startStub(t);
const [port] = await freePorts(1);
const stopped = `http://127.0.0.1:${port}`;
const browser = noBrowser ? undefined : await launchBrowser();
t.teardown(() => browser?.close());
t.equal(programs.length, 13);
t.jobs = 3;

/** Sends requests that meet these faults to a service. */
async function ask(
  program: Program,
  service: string,
  requests: readonly Fault[],
  timeout = 60,
  retryTime = 60,
): Promise<Outcome> {
  if (!browser || program.language !== 'browser') {
    const environment = { GRADIENTS_TIMEOUT: `${timeout}`, GRADIENTS_RETRY_TIME: `${retryTime}` };
    return run(program, service, { args: requests.map(fileOf), environment });
  }
  const [first, ...others] = requests;
  const url = new URL(`/page/${first}`, stub.origin);
  url.search = `${new URLSearchParams({ url: service, timeout: `${timeout}`, retryTime: `${retryTime}` })}`;
  const { stdout } = await browse(browser, url, others.map(requestOf));
  return { code: stdout.includes('no answer') ? 1 : 0, stdout, stderr: stdout };
}

for (const program of programs) {
  const { file, language } = program;
  const name = file.replaceAll('/', '-');
  const service = `${stub.origin}/${name}`;
  const seen = (fault: Fault) => stub.seen.get(`${name}/${fault}`) ?? { connections: [], waits: [] };
  /** One run of curl is one connection. */
  const keeps = !['shell', 'octave'].includes(language);

  t.test(file, { buffered: true, skip: skips[programs.indexOf(program)] }, async (t) => {
    // With a slash at the end of the URL.
    const all = ask(program, `${service}/`, TOLERATED);
    const [stalled, stalledBody, refused] = await Promise.all([
      ask(program, service, ['stalled'], 0.5),
      ask(program, service, ['stalled-body'], 0.5),
      ask(program, stopped, ['none'], 60, 0.2),
    ]);
    const { code, stdout, stderr } = await all;

    t.equal(code, 0, 'it succeeds', { stderr });
    t.equal([...stdout.matchAll(/^divisor: 2(\.0)?$/gm)].length, TOLERATED.length, 'it prints all answers');
    t.equal([...stdout.matchAll(/^loss: 0\.50*$/gm)].length, TOLERATED.length);
    t.equal(seen('none').connections.length, 3);
    // The fetch of Node and of browsers may open a second one, if the first is not free yet.
    const most = ['javascript', 'browser'].includes(language) ? 2 : 1;
    if (keeps) t.ok(new Set(seen('none').connections).size <= most, 'they share a connection');

    const busy = seen('busy');
    t.equal(busy.connections.length, 2, 'it asks a busy service again');
    if (keeps) t.ok(new Set(busy.connections).size <= most, 'on the same connection');
    t.ok(busy.waits[0] > 1000 * RETRY_AFTER - 10, `it waits as long as it was told to: ${busy.waits[0]} ms`);

    const flapping = seen('flapping');
    t.equal(flapping.connections.length, 2 * FLAPPING);
    // Every other wait is a back-off.
    const backoffs = flapping.waits.filter((_, i) => i % 2 === 0);
    t.ok(Math.max(...backoffs) - Math.min(...backoffs) > 50, `its back-off has jitter: ${backoffs.map(Math.round)} ms`);

    for (const fault of ['broken', 'cut'] as const) {
      t.equal(new Set(seen(fault).connections).size, 2, `after a connection that is ${fault} it takes another one`);
    }
    for (const [fault, outcome] of [
      ['stalled', stalled],
      ['stalled-body', stalledBody],
    ] as const) {
      t.ok(outcome.code, `it fails if the answer is ${fault}`);
      t.match(outcome.stderr, stub.origin, 'it names the service');
      t.equal(seen(fault).connections.length, 1, 'it does not try again');
    }
    t.ok(refused.code, 'it fails if the service is stopped');
    t.match(refused.stderr, stopped, 'its address is named');
  });
}
