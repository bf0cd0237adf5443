// The state as an address, and back; links that cannot be read.
import fc from 'fast-check';
import t from 'tap';
import { fromHash, toHash } from '../../src/page/address.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { pack, UnreadableLink, unpack } from '../../src/page/request/link.ts';
import { START, type Visit } from '../../src/page/state.ts';
import { validRequest } from '../support/app.ts';

/** The fragment for a JSON text, which need not be a request. */
async function fragment(text: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return `#request=${Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url')}`;
}

t.test('any request survives the round trip', async (t) => {
  const roundTrip = fc.asyncProperty(
    fc.jsonValue(),
    async (value) => JSON.stringify(await unpack(await pack(value))) === JSON.stringify(value),
  );
  await t.resolves(fc.assert(roundTrip, { seed: 5, numRuns: 100 }));
});

t.test('the whole state, in characters that need no escaping', async (t) => {
  const visit: Visit = {
    request: { ...validRequest(), note: Array(1000).fill('ä"\\') },
    draft: undefined,
    view: 'code',
    step: 4,
    cell: [2, 1],
    selection: { column: 2, unit: 1, input: 0 },
    sample: 3,
    edges: 'gradients',
    digits: 'all',
    present: true,
    language: 'en',
  };
  const hash = await toHash(visit);
  t.match(
    hash,
    /^#language=en&present&view=code&step=5&cell=3,2&select=2:1:0&sample=4&edges=gradients&digits=all&request=[\w-]+$/,
  );
  t.ok(hash.length < 600, `${hash.length} characters`);
  t.strictSame({ ...START, ...(await fromHash(hash)) }, visit);
  t.equal(await toHash(visit), hash, 'the same again');
  const unit = { column: 1, unit: 2 };
  t.strictSame((await fromHash(await toHash({ ...START, selection: unit })))?.selection, unit);
});

t.test('an example is named, and defaults are left out', async (t) => {
  for (const { name, request } of pageExamples) {
    const hash = await toHash({ ...START, request });
    t.equal(hash, `#language=en&example=${name}`);
    t.equal((await fromHash(hash))?.request, request);
  }
});

t.test('a request that is too large is left out', async (t) => {
  const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  t.equal(await toHash({ ...START, request: { values }, step: 1 }, 1000), '#language=en&step=2');
  t.equal(await toHash({ ...START, request: 5 }), `#language=en&request=${await pack(5)}`);
});

t.test('fragments that say nothing, or what there is not', async (t) => {
  for (const hash of ['', '#', '#docs', '#other=1', '#view=nothing&step=x&cell=1&select=a:b&example=none'])
    t.equal(await fromHash(hash), undefined, hash);
});

t.test('a link that cannot be read', async (t) => {
  const hash = `#request=${await pack({ values: Array.from({ length: 200 }, (_, i) => i * Math.PI) })}`;
  const cases: [string, string][] = [
    ['cut off', hash.slice(0, -100)],
    ['nothing left', '#request='],
    ['something added', `${hash}AAAA`],
    ['not base64url', '#request=%25%25'],
    ['not JSON', await fragment('{"network":')],
    ['not UTF-8', await fragment(Uint8Array.of(0x22, 0xff, 0x22))],
    ['more than the service takes', await fragment(new Uint8Array(2 ** 26 + 1))],
  ];
  for (const [name, broken] of cases) {
    const error = await fromHash(broken).catch((error) => error);
    t.ok(error instanceof UnreadableLink, name);
  }
});
