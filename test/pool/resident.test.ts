// The datasets in memory: what is read, what stays, and what gives way.
import t from 'tap';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import { Resident } from '../../src/pool/resident.ts';
import type { Dataset, Rows } from '../../src/store/dataset.ts';

/** A body that names a dataset. */
const NAMED = Uint8Array.from(Buffer.from('{"batch": {"dataset": "a"}}'));

const SAMPLES = 1024;

/** Of a dataset in float64. */
const BYTES = SAMPLES * Float64Array.BYTES_PER_ELEMENT;

function datasetOf(name: string, samples = SAMPLES): Dataset {
  const inputs = { source: { object: name }, offset: 0, dtype: 'F64', shape: [samples, 1] } as const;
  return { name, etag: `etag of ${name}`, columns: { inputs }, bytes: samples * 8, expires: Infinity };
}

/** Datasets with memory for `fitting` of them, and the readings so far. */
function start(fitting: number, ...datasets: Dataset[]) {
  const named = new Map(datasets.map((dataset) => [dataset.name, dataset]));
  const readings: string[] = [];
  const failures: Error[] = [];
  const source = {
    get: async (_owner: string, name: string) => named.get(name),
    read: async ({ etag }: { etag: string }, first: number, end: number): Promise<Rows> => {
      readings.push(`${etag.replace('etag of ', '')} ${first}-${end}`);
      const failure = failures.pop();
      if (failure) throw failure;
      return { inputs: { shape: [end - first, 1], data: new Float64Array(end - first) } };
    },
  };
  const budget = new Budget(shareBudget(4 * fitting * BYTES, 1));
  return { named, readings, failures, budget, resident: new Resident(source, budget) };
}

const whole = (dataset: string) => ({ dataset, first: 0, end: undefined });
const unheld = () => {
  throw new Error('nothing has to be held');
};

t.test('the datasets used last stay', async (t) => {
  const { resident, readings, budget } = start(2, datasetOf('a'), datasetOf('b'), datasetOf('c'));
  const use = (name: string) => resident.rowsFor('owner', whole(name), unheld);
  await Promise.all([use('a'), use('a')]);
  await use('b');
  await use('a');
  t.strictSame(readings, ['a 0-1024', 'b 0-1024'], 'each is read once');
  t.strictSame([resident.bytes, budget.used], [2 * BYTES, 2 * BYTES]);
  await use('c');
  await use('a');
  t.strictSame(readings.slice(2), ['c 0-1024'], 'the one used longest ago gives way');
  await use('b');
  t.strictSame(readings.slice(3), ['b 0-1024']);
  resident.release(1);
  t.strictSame([resident.bytes, budget.used], [BYTES, BYTES], 'requests need room');
  resident.release(Infinity);
  t.strictSame([resident.bytes, budget.used], [0, 0]);
});

t.test('a reading that fails is not kept', async (t) => {
  const { resident, readings, failures } = start(1, datasetOf('a'), datasetOf('b'));
  const use = (name: string) => resident.rowsFor('owner', whole(name), unheld);
  failures.push(new Error('unreadable'));
  await t.rejects(use('a'), { message: 'unreadable' });
  t.equal(resident.bytes, 0);
  t.equal((await use('a')).samples, SAMPLES);
  failures.push(new Error('unreadable'));
  const failing = use('b');
  const after = use('a');
  await t.rejects(failing, { message: 'unreadable' });
  await after;
  t.strictSame(readings, ['a 0-1024', 'a 0-1024', 'b 0-1024', 'a 0-1024'], 'one that has given way meanwhile changes nothing');
  t.equal(resident.bytes, BYTES);
});

t.test('of a dataset that is too large only the wanted rows are read, and held by the request', async (t) => {
  const { resident, readings } = start(1, datasetOf('large', 2 * SAMPLES));
  const held: number[] = [];
  const use = (first: number, end: number | undefined) =>
    resident.rowsFor('owner', { dataset: 'large', first, end }, (bytes) => held.push(bytes));
  t.match(await use(100, 300), { name: 'large', samples: 2 * SAMPLES, first: 100 });
  await use(2000, undefined);
  await use(-5, 10);
  await use(3000, 2);
  t.strictSame(readings, ['large 100-300', 'large 2000-2048', 'large 0-10', 'large 3000-3000']);
  t.strictSame(held, [1600, 384, 80, 0]);
  t.strictSame([resident.bytes, resident.mayName('owner', NAMED)], [0, false]);
});

t.test('the dataset that an owner used last is likely', async (t) => {
  const { resident, named } = start(1, datasetOf('a'), datasetOf('b'));
  t.equal(await resident.likely('owner'), undefined, 'none was used');
  await resident.rowsFor('owner', whole('a'), unheld);
  t.ok(resident.mayName('owner', NAMED));
  t.match(await resident.likely('owner'), { name: 'a', samples: SAMPLES, first: 0 });
  t.equal(await resident.likely('other'), undefined);
  resident.release(1);
  t.equal(await resident.likely('owner'), undefined, 'it is no longer in memory');
  named.delete('a');
  t.equal(await resident.likely('owner'), undefined, 'it has been removed');
  const refusal = await resident.rowsFor('owner', whole('x'.repeat(65)), unheld).catch((error) => error);
  t.equal(refusal.type, 'unknown-dataset');
  t.match(refusal.refused.errors, [{ pointer: '/batch/dataset', detail: `there is no dataset "${'x'.repeat(64)}…": PUT it` }]);
});

t.test('it is remembered where the last request that named a dataset was answered', async (t) => {
  const { resident } = start(2, datasetOf('a'), datasetOf('b'));
  const seen: boolean[] = [];
  const see = () => seen.push(resident.mayNeedThread('owner', NAMED));
  resident.learn('owner', true);
  see();
  await resident.rowsFor('owner', whole('a'), unheld);
  see();
  resident.learn('owner', true);
  see();
  await resident.rowsFor('owner', whole('a'), unheld);
  see();
  t.notOk(resident.mayNeedThread('owner', Uint8Array.from(Buffer.from('{"batch": {"inputs": [[1]]}}'))), 'inline');
  await resident.rowsFor('owner', whole('b'), unheld);
  see();
  t.strictSame(seen, [false, false, true, true, false]);
});

t.test('so many owners are remembered', async (t) => {
  const { resident } = start(1, datasetOf('a', 1));
  for (let i = 0; i <= 10_000; i++) await resident.rowsFor(`owner ${i}`, whole('a'), unheld);
  t.strictSame(
    [0, 1, 10_000].map((i) => resident.mayName(`owner ${i}`, NAMED)),
    [false, true, true],
  );
});
