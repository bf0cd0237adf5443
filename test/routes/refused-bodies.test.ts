// Bodies that are not JSON, headers that ask for unsupported things, and limits of size.
import t from 'tap';
import { post, startApp, startOwnApp, validRequest } from '../support/app.ts';
import { checkRefusals, type Refusal, text } from '../support/refusals.ts';
import { SAFETENSORS } from '../support/safetensors-file.ts';

const refusals: Record<string, Refusal> = {
  'an empty body': { body: '', type: 'malformed-body', detail: 'the body is empty' },
  'truncated JSON': {
    body: '{"network":\n {"layers": [',
    type: 'malformed-body',
    detail: 'line 2, column 14: close bracket expected, at the end of the text',
    errors: { '/network/layers': 'close bracket expected, at the end of the text' },
  },
  NaN: {
    body: '{"network": NaN}',
    type: 'malformed-body',
    detail: 'line 1, column 13: invalid symbol, at "NaN"; JSON has no NaN',
    errors: { '/network': 'JSON has no NaN: every number must be finite' },
  },
  Infinity: {
    body: text('/batch/inputs/0/0', '-Infinity'),
    type: 'malformed-body',
    detail: 'at "-Infinity"',
    errors: { '/batch/inputs/0/0': 'JSON has no Infinity: every number must be finite' },
  },
  'a trailing comma': {
    body: '{"network": {},}',
    type: 'malformed-body',
    detail: 'line 1, column 16: property name expected',
    errors: { '': 'JSON has no trailing comma' },
  },
  'a trailing comma in a list': {
    body: text('/batch/inputs/1', '[1,2,]'),
    type: 'malformed-body',
    detail: 'value expected, at "]"',
    errors: { '/batch/inputs/1': 'JSON has no trailing comma' },
  },
  'a comment': {
    body: '{"network": 1 /* one */}',
    type: 'malformed-body',
    detail: 'line 1, column 15: invalid comment token',
    errors: { '': 'JSON has no comments' },
  },
  'single quotes': {
    body: "{'network': 1}",
    type: 'malformed-body',
    detail: 'line 1, column 2: invalid symbol',
    errors: { '': 'JSON has no strings in single quotes: write them in double quotes' },
  },
  'two documents': { body: '{} {}', type: 'malformed-body', detail: 'line 1, column 4' },
  'no JSON at all': { body: 'hello', type: 'malformed-body', detail: 'line 1, column 1: invalid symbol, at "hello"' },
  'nesting that never ends': {
    body: '['.repeat(100_000),
    type: 'malformed-body',
    detail: 'deeper than 32 (MAX_DEPTH), and they do not close',
  },
  null: { body: 'null', type: 'invalid-request', errors: { '': 'expected an object, got null' } },
  'a media type that only begins like JSON': {
    body: {},
    headers: { 'content-type': 'application/jsonl' },
    type: 'unsupported-media-type',
    detail: 'application/jsonl',
  },
  'a form': {
    body: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    type: 'unsupported-media-type',
    detail: 'application/json',
  },
  'a body that is compressed in an unknown way': {
    body: Buffer.from([0x1f, 0x8b]),
    headers: { 'content-encoding': 'compress' },
    type: 'unsupported-media-type',
    detail: 'expected no Content-Encoding, or zstd, br, gzip, got compress',
  },
  'a body that is compressed twice': {
    body: Buffer.from([0x1f, 0x8b]),
    headers: { 'content-encoding': 'gzip, br' },
    type: 'unsupported-media-type',
    detail: 'got gzip, br',
  },
  'an Accept that there is no answer for': {
    body: validRequest(),
    headers: { accept: 'text/csv, application/xml;q=0.5' },
    type: 'not-acceptable',
    detail: 'there is application/json, application/vnd.safetensors; Accept is text/csv',
  },
  'an Accept that excludes JSON, with a space and a charset': {
    body: validRequest(),
    headers: { accept: 'application/json; charset=utf-8; q=0' },
    type: 'not-acceptable',
    detail: 'there is application/json',
  },
  'an Accept that excludes JSON': {
    body: validRequest(),
    headers: { accept: 'application/json;q=0' },
    type: 'not-acceptable',
    detail: 'there is application/json',
  },
};

t.test('refusals', (t) => checkRefusals(t, refusals));

t.test('a body of BODY_LIMIT bytes is read, one more byte is refused', async (t) => {
  const body = JSON.stringify(validRequest());
  const app = await startOwnApp(t, { BODY_LIMIT: `${body.length}` });
  t.equal((await post(app, body)).statusCode, 200);
  const response = await post(app, `${body} `);
  t.equal(response.statusCode, 413);
  t.match(response.json(), { type: '/problems/body-too-large', detail: `expected at most ${body.length} bytes (BODY_LIMIT)` });
  t.equal((await post(app, body)).statusCode, 200);
});

t.test('requests that would exceed MAX_MEMORY or MAX_ANSWER are refused before they are computed', async (t) => {
  const app = await startOwnApp(t, { MAX_MEMORY: '2000000', MAX_ANSWER: '2000000' });
  const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));
  const large = {
    network: { layers: [{ weights: ones(100, 100) }] },
    batch: { inputs: ones(100, 100), targets: ones(100, 100) },
  };
  t.equal((await post(app, large)).statusCode, 200);
  // Per sample 100 x 101 parameters. Computed: 8 bytes each, plus the gradients and 600 intermediate values; in a trace also
  // 100 slopes. In the answer: 32 bytes each, plus the gradients.
  const needed: [extra: string, type: string, bytes: number, limit: string][] = [
    ['per_sample_gradients', 'too-much-memory', 8 * (60_000 + 10_100 + 1_010_000), 'MAX_MEMORY'],
    ['trace', 'answer-too-large', 32 * (10_100 + 70_000), 'MAX_ANSWER'],
  ];
  for (const [name, type, bytes, limit] of needed) {
    const response = await post(app, { ...large, include: [name] });
    t.equal(response.statusCode, 413);
    const detail = `up to ${bytes} bytes, more than the limit of 2000000 (${limit}): ask for less in include, or send fewer samples`;
    t.match(response.json(), { type: `/problems/${type}`, errors: [{ pointer: '/include', detail }] });
  }
  const batch = { inputs: ones(1000, 100), targets: ones(1000, 100) };
  t.match((await post(app, { ...large, batch })).json(), { status: 413, errors: [{ pointer: '/batch/inputs' }] });
  const narrow = await startOwnApp(t, { MAX_ANSWER: `${32 * 10_100}` });
  t.equal((await post(narrow, large)).statusCode, 200);
  for (const name of ['outputs', 'input_gradients', 'per_sample_losses', 'per_sample_gradient_norms', 'squared_gradients']) {
    t.equal((await post(narrow, { ...large, include: [name] })).statusCode, 413, name);
    // In safetensors, a number of an answer takes a quarter of that.
    t.equal((await post(narrow, { ...large, include: [name] }, { accept: SAFETENSORS })).statusCode, 200, name);
  }
});

t.test('a byte order mark, a charset and upper case are allowed', async (t) => {
  const app = await startApp();
  const right = (await post(app, validRequest())).body;
  t.equal((await post(app, `\u{feff}${JSON.stringify(validRequest())}`)).body, right);
  t.equal((await post(app, validRequest(), { 'content-type': 'Application/JSON; charset=UTF-8' })).body, right);
  t.equal((await post(app, validRequest(), { accept: 'text/html, application/*;q=0.1' })).body, right);
  t.equal((await post(app, validRequest(), { accept: 'application/json; charset=utf-8;q=0.9, text/html' })).body, right);
  t.equal(
    (await post(app, validRequest(), { accept: 'text/html; level="1,2;3", application/json; profile="a;b, c"; q=0.5' })).body,
    right,
  );
  t.equal((await post(app, validRequest(), { accept: '' })).body, right);
  t.equal((await post(app, validRequest(), { 'content-encoding': 'Identity' })).body, right);
});

t.test('a body without a Content-Type, and no body at all', async (t) => {
  const app = await startApp();
  const untyped = await app.inject({ method: 'POST', url: '/gradients', headers: { 'content-type': '' }, payload: '{}' });
  t.match(untyped.json(), { status: 415, detail: 'got none' });
  t.match((await app.inject({ method: 'POST', url: '/gradients' })).json(), { status: 400, detail: 'the body is empty' });
});
