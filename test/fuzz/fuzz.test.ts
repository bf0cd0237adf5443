// A short, fixed run of the fuzzer against a real process; npm run fuzz is longer.
import t from 'tap';
import { operations } from '../../src/operations/registry.ts';
import { startService } from '../support/process.ts';
import { campaign, settings } from './campaign.ts';
import { wireBytes } from './client.ts';
import { mutant } from './mutant.ts';

const COUNT = 3000;

/**
 * The least number of answers of each kind, about half of the actual numbers: fewer would mean that less is tested than it seems.
 */
const least = {
  '200 application/json': 250,
  '200 application/vnd.safetensors': 100,
  '400 malformed-body': 600,
  '400 invalid-request': 240,
  '400 malformed-request': 25,
  '406 not-acceptable': 50,
  '413 body-too-large': 8,
  '413 too-complex': 6,
  '415 unsupported-media-type': 35,
  '422 shape-mismatch': 70,
  '422 out-of-domain': 10,
  '422 non-finite-result': 1,
  ...Object.fromEntries(operations.map(({ name }) => [`200 /${name}`, 15])),
};

t.test('seed and index determine a mutant', (t) => {
  const made = (seed: number) => Array.from({ length: 100 }, (_, index) => wireBytes(mutant(seed, index)).toString('base64'));
  t.strictSame(made(7), made(7));
  t.notSame(made(7), made(8));
  t.end();
});

t.test('mutants of well-formed requests', async (t) => {
  const service = await startService({ environment: settings, keep: () => false });
  t.teardown(() => service.process.kill('SIGKILL'));
  const { outcomes, good, sent, faults } = await campaign(service, {
    seed: 20260101,
    count: COUNT,
    connections: 4,
    goodEvery: 50,
    mostFaults: 5,
  });
  t.strictSame(
    faults.map(({ mutant, what }) => `${mutant?.index} (${mutant?.story.join()}): ${what.join('; ')}`),
    [],
  );
  t.equal(sent, COUNT);
  t.ok(good > COUNT / 50, `${good} good requests`);
  for (const [outcome, n] of Object.entries(least))
    t.ok((outcomes.get(outcome) ?? 0) >= n, `${outcome}: ${outcomes.get(outcome)}, at least ${n}`);
  service.process.kill('SIGTERM');
  t.equal(await service.exit, 0);
});
