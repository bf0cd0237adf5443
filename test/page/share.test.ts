// Converts a request to a link and back; links without a request.
import fc from 'fast-check';
import t from 'tap';
import { fromLink, toLink } from '../../src/page/request/link.ts';
import { validRequest } from '../support/app.ts';

const base = 'http://127.0.0.1:3000/';

/** The fragment for a JSON text, which need not be a request. */
async function fragment(text: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return `#request=${Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url')}`;
}

t.test('any request survives the round trip', async (t) => {
  const roundTrip = fc.asyncProperty(fc.jsonValue(), async (value) => {
    const link = await toLink(value, base);
    return JSON.stringify(await fromLink(new URL(link).hash)) === JSON.stringify(value);
  });
  await t.resolves(fc.assert(roundTrip, { seed: 5, numRuns: 100 }));
});

t.test('the request is in the fragment, compressed, in characters that need no escaping', async (t) => {
  const request = { ...validRequest(), note: Array(1000).fill('ä"\\') };
  const link = await toLink(request, `${base}?theme=dark#request=old`);
  t.match(link, /^http:\/\/127\.0\.0\.1:3000\/\?theme=dark#request=[\w-]+$/);
  t.ok(link.length < 500, `${link.length} characters`);
  t.strictSame(await fromLink(new URL(link).hash), request);
});

t.test('a fragment without a request', async (t) => {
  for (const hash of ['', '#', '#docs', '#other=1']) t.equal(await fromLink(hash), undefined, hash);
});

t.test('a link that cannot be read', async (t) => {
  const link = await toLink({ values: Array.from({ length: 200 }, (_, i) => i * Math.PI) }, base);
  const { hash } = new URL(link);
  const broken = {
    message: /^The request in this link cannot be read: it is cut off or was changed\. Ask for the link again\.$/,
  };
  const cases: [string, string, { message: RegExp }][] = [
    ['cut off', hash.slice(0, -100), broken],
    ['nothing left', '#request=', broken],
    ['something added', `${hash}AAAA`, broken],
    ['not base64url', '#request=%25%25', broken],
    ['not JSON', await fragment('{"network":'), { message: /it holds no request/ }],
    ['not UTF-8', await fragment(Uint8Array.of(0x22, 0xff, 0x22)), { message: /it holds no request/ }],
    ['more than the service takes', await fragment(new Uint8Array(2 ** 26 + 1)), broken],
  ];
  for (const [name, broken, expected] of cases) await t.rejects(fromLink(broken), expected, name);
});

t.test('a request too large for a link', async (t) => {
  const values = Array.from({ length: 200_000 }, (_, i) => Math.sin(i));
  await t.rejects(toLink({ values }, base), { message: /^The request is too large for a link: it would have \d+ characters/ });
});
