// The catalog of a configuration: opened at first use, swept from then on, closed.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import type { Options } from '../../src/store/datasets.ts';
import { openCatalog } from '../../src/store/opening.ts';
import { storeOf } from '../support/app.ts';
import { upload } from './catalog.ts';

const csv = () => upload(Buffer.from('x\n1\n'), 100, 'text/csv');

function open(t: Test, environment: Record<string, string> = {}, others: Pick<Options, 'pins'> = {}) {
  const STORE = storeOf(t);
  const errors: unknown[] = [];
  const opened = openCatalog(readConfig({ STORE, ...environment }), { error: (...error) => errors.push(error) }, others);
  t.teardown(() => opened.close());
  return { ...opened, STORE, errors };
}

t.test('expired datasets are removed when the store is opened, and every hour', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const first = open(t, { DATASET_TTL: '1' });
  t.notOk(existsSync(first.STORE), 'nothing is made before');
  const described = async () => (await readdir(first.STORE, { recursive: true })).filter((path) => path.endsWith('.json')).length;
  await first.catalog.put('a', 'd', csv(), {});
  t.equal(await described(), 1);
  const { expires } = (await first.catalog.get('a', 'd')) as { expires: number };
  // Until the dataset has expired.
  while (Date.now() <= expires) await setImmediate();
  mock.timers.tick(3_600_000);
  while ((await described()) > 0) await setImmediate();
  t.strictSame(first.errors, []);
});

t.test('a sweep that fails is logged, but not after the end', async (t) => {
  for (const isClosed of [false, true]) {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<never>();
    const pins = () => {
      asked.resolve();
      return answer.promise;
    };
    const { catalog, close, errors } = open(t, {}, { pins });
    t.equal(await catalog.get('a', 'd'), undefined);
    await asked.promise;
    if (isClosed) await close();
    answer.reject(new Error('unreadable'));
    await setImmediate();
    t.match(errors, isClosed ? [] : [[{ message: 'unreadable' }, 'the store could not be swept']]);
  }
});

t.test('a place of DATA_ALLOW that is none', async (t) => {
  t.throws(() => openCatalog(readConfig({ DATA_ALLOW: 'nowhere' }), { error() {} }), /DATA_ALLOW/);
});
