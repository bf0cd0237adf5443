// The pieces of the queue that need no Redis: the tree as a flow, requests that are kept, probes, what is away, and the fingerprint.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { watchDependencies } from '../../../src/http/dependencies.ts';
import { serveProbes } from '../../../src/jobs/queue/probes.ts';
import { Requests } from '../../../src/jobs/queue/requests.ts';
import { completedParts, flowOf, jobOf, NODE } from '../../../src/jobs/queue/step-names.ts';
import { type Step, Steps, type StepsOptions } from '../../../src/jobs/queue/steps.ts';
import type { JobRecord, Node, Records } from '../../../src/jobs/records.ts';
import { hasNode } from '../../../src/jobs/tree.ts';

const record = { owner: 'o', id: 'f0', plan: { parts: 10 } } as JobRecord;

/** The names of a flow's steps, in brackets those that come before. */
type Flow = ReturnType<typeof flowOf>;
const shown = ({ opts, children = [] }: Flow): string =>
  `${opts?.jobId}${children.length > 0 ? `(${children.map((child) => shown(child as Flow)).join(' ')})` : ''}`;

t.test('the steps that are left, as a tree', async (t) => {
  const flow = (...done: string[]) => shown(flowOf(record, 'q', new Set(done), (i) => i + 1)).replaceAll('f0-', '');
  t.equal(flow(), 'end(2-0(1-0(0-0 0-1 0-2 0-3 0-4 0-5 0-6 0-7) 1-1(0-8 0-9)))');
  t.equal(flow('1-0', '0-8'), 'end(2-0(1-1(0-9)))');
  t.equal(flow('2-0'), 'end');
  t.strictSame(completedParts(10, new Set(['1-0', '0-9'])), [...Array(8).fill(true), false, true]);
  t.equal(jobOf('f0-0-7'), 'f0');
  const { children = [] } = flowOf({ ...record, plan: { ...record.plan, parts: 1 } }, 'q', new Set(), () => 7);
  t.match(children, [
    { name: 'node', data: { owner: 'o', id: 'f0', height: 0, index: 0 }, opts: { priority: 7, removeOnComplete: true } },
  ]);
});

t.test('steps that the tree of the job has not', async (t) => {
  const nodes = [[0, 9], [1, 1], [2, 0], [0, 10], [1, 2], [3, 0], [0, -1], [-1, 0], [0, 0.5], [0, '../../x'], []];
  t.strictSame(
    nodes.map(([height, index]) => hasNode(10, { height, index } as Node)),
    nodes.map((_, i) => i < 3),
  );
  const records = { read: async () => ({ ...record, fingerprint: 'f' }) };
  // It would call what is not there.
  const steps = new Steps({ records, runner: { fingerprint: 'f' } } as unknown as StepsOptions);
  const data = { owner: 'o', id: 'f0', height: 0, index: 10 };
  await steps.do({ name: NODE, data, stalls: 0 } as Step, new AbortController().signal);
});

t.test('requests: those used last are kept, up to so many bytes', async (t) => {
  const read: string[] = [];
  let fails = false;
  const requests = new Requests(
    {
      async request({ id }: JobRecord) {
        read.push(id);
        if (fails) throw new Error('away');
        return id === 'none' ? undefined : Buffer.alloc(40);
      },
    } as unknown as Records,
    100,
  );
  const of = async (id: string) => (await requests.of({ ...record, id }))?.length;
  t.strictSame([await of('a'), await of('b'), await of('a'), await of('none')], [40, 40, 40, undefined]);
  t.equal(await of('c'), 40);
  await Promise.all([of('a'), of('c'), of('b'), of('b')]);
  t.strictSame(read, ['a', 'b', 'none', 'c', 'b']);
  fails = true;
  await t.rejects(of('d'), { message: 'away' });
  fails = false;
  t.equal(await of('d'), 40);
});

t.test('what a worker answers', async (t) => {
  let missing: string[] = [];
  const metrics = { contentType: 'text/plain', text: async () => 'metrics' };
  const server = serveProbes({ missing: async () => missing, metrics }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    return [response.status, await response.text()];
  };
  t.strictSame(await get('/livez'), [200, '{"status":"live"}']);
  t.strictSame(await get('/readyz'), [200, '{"status":"ready"}']);
  t.strictSame(await get('/metrics'), [200, 'metrics']);
  t.strictSame(await get('/'), [404, '{"detail":"a worker has /livez, /readyz and /metrics"}']);
  missing = ['queue'];
  t.strictSame(await get('/readyz'), [503, '{"status":"waiting","missing":["queue"]}']);
});

t.test('what is away: an answer is kept for some time, and one that is late counts as none', async (t) => {
  let now = 0;
  let isAway = false;
  let asked = 0;
  const probes = {
    store: async () => {
      asked++;
      if (isAway) throw new Error('away');
    },
    queue: () => (isAway ? new Promise(() => {}) : Promise.resolve()),
  };
  const dependencies = watchDependencies(probes, () => now);
  t.strictSame(dependencies.names, ['store', 'queue']);
  t.strictSame(await dependencies.missing(), []);
  isAway = true;
  now = 4_999;
  t.strictSame(await dependencies.missing(), []);
  now = 5_000;
  t.strictSame(await dependencies.missing(), ['store', 'queue']);
  t.equal(asked, 2);
});
