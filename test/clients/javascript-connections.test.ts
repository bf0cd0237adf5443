// The JavaScript client and servers that fail; its reader and writer of safetensors.
import t from 'tap';
import {
  Client,
  ConnectionError,
  type Options,
  type Problem,
  type Requests,
  readSafetensors,
  Tensor,
  TimeoutError,
  writeSafetensors,
} from '../../clients/javascript/src/index.ts';
import { examples } from '../../schemas/examples.ts';
import { answer, cutOff, refusal, reset, type Step, startStub } from './command.ts';

const article = examples.article.request as Requests['gradients'];

const right = answer(
  200,
  'application/vnd.safetensors',
  Buffer.from(writeSafetensors({ loss: new Tensor(Float64Array.of(0.5), []) })),
);

/** The loss of a request to the stub. */
async function ask(options: Options, signal?: AbortSignal): Promise<number> {
  return (await new Client(options).gradients(article, { signal })).loss;
}

/** For t.rejects(): a problem with these members. */
const like = (members: Partial<Problem>) => members as Error;

// First, since connections that remain open have timers, too.
t.test('pauses are what Retry-After says and a random part', async (t) => {
  const busy = (headers = {}) => new Response('', { status: 503, headers });
  const body = writeSafetensors({ loss: new Tensor(Float64Array.of(0.5), []) });
  const steps = [
    () => busy({ 'retry-after': '7' }),
    () => busy(),
    () => Promise.reject(new TypeError('fetch failed')),
    () => new Response(body, { headers: { 'content-type': 'application/vnd.safetensors' } }),
  ];
  const fetch = async () => (steps.shift() as () => Response | Promise<Response>)();
  const waits: number[] = [];
  const { setTimeout: real } = globalThis;
  // The time limit of a request remains as it is.
  const value = (callback: () => void, ms: number) => (ms === 300_000 ? real(callback, ms) : real(callback, 0 * waits.push(ms)));
  t.intercept(globalThis, 'setTimeout', { value });
  t.intercept(Math, 'random', { value: () => 1 });
  t.equal(await ask({ fetch }), 0.5);
  t.strictSame(waits, [7250, 500, 1000]);
});

t.test('retries', async (t) => {
  const troubles: Record<string, Step> = {
    '503': refusal(503, { 'retry-after': '0' }),
    '503 without Retry-After': refusal(503),
    '429 with a date that has been': refusal(429, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
    reset,
    'cut off': cutOff,
  };
  for (const [name, trouble] of Object.entries(troubles)) {
    const { url, asked } = await startStub(t, trouble, right);
    t.equal(await ask({ url }), 0.5, name);
    t.ok(asked[0].body.equals(asked[1].body));
  }
  const broken = await startStub(t, reset, reset, right);
  await t.rejects(ask({ url: broken.url, retries: 1 }), ConnectionError);
  const busy = await startStub(t, refusal(503, { 'retry-after': '9' }), right);
  await t.rejects(ask({ url: busy.url, patienceMs: 8000 }), like({ status: 503, title: 'Busy' }));
  t.strictSame([broken.asked.length, busy.asked.length], [2, 1]);
  for (const status of [400, 413, 500, 504]) {
    const { url, asked } = await startStub(t, refusal(status), right);
    await t.rejects(ask({ url }), like({ status, title: 'Busy' }));
    t.equal(asked.length, 1);
  }
});

t.test('several URLs', async (t) => {
  const [first, second] = [await startStub(t, right, right, right), await startStub(t, refusal(503))];
  const client = new Client({ url: [first.url, new URL(second.url)] });
  for (let i = 0; i < 3; i++) t.equal((await client.gradients(article)).loss, 0.5);
  t.strictSame([first.asked.length, second.asked.length], [3, 1], 'the refused one went to the other');
  t.throws(() => new Client({ url: [] }), { message: 'expected at least one URL' });
  t.throws(() => new Client({ url: 'localhost:3000' }), { message: /begins with http:\/\/ or https:\/\/, got localhost:3000/ });
});

t.test('silence, the end of a request, and what is no answer', async (t) => {
  const never: Step = () => {};
  const stalls: Step = (response) => response.writeHead(200, { 'content-type': 'application/vnd.safetensors' }).write('x');
  for (const step of [never, stalls]) {
    const { url, asked } = await startStub(t, step, right);
    await t.rejects(ask({ url, timeoutMs: 200 }), new TimeoutError(`${url} has not answered in time`));
    t.equal(asked.length, 1, 'it is not repeated');
  }
  const { url } = await startStub(t, refusal(503, { 'retry-after': '30' }));
  const controller = new AbortController();
  const asked = ask(
    { url, fetch: (...args) => fetch(...args).finally(() => setImmediate(() => controller.abort())) },
    controller.signal,
  );
  await t.rejects(asked, { name: 'AbortError' }, 'in a pause');
  await t.rejects(ask({ url }, AbortSignal.abort()), { name: 'AbortError' });
  const html = await startStub(t, answer(200, 'text/html', '<h1>Hello</h1>'), answer(400, 'application/problem+json', '['));
  await t.rejects(ask({ url: html.url }), { message: '200 OK: no answer of the gradient service: <h1>Hello</h1>' });
  await t.rejects(ask({ url: html.url }), { message: '400 Bad Request: no answer of the gradient service: [' });
});

t.test('the key, which redirections do not receive', async (t) => {
  const { url, asked } = await startStub(t, right, refusal(307, { location: 'http://127.0.0.1:9/' }));
  await ask({ url: `${url}/`, apiKey: 'secret' });
  await t.rejects(ask({ url, apiKey: 'secret' }), like({ status: 307, title: 'Busy' }));
  t.strictSame([asked[0].request.headers.authorization, asked[0].request.url], ['Bearer secret', '/gradients']);
});

t.test('a service that is not there', async (t) => {
  const { url, close } = await startStub(t);
  await close();
  await t.rejects(ask({ url, retries: 0 }), {
    name: 'ConnectionError',
    message: new RegExp(`^${url} does not answer: connect ECONNREFUSED`),
  });
});

t.test('a job that does not end in time', async (t) => {
  const state = (name: string, headers = {}) =>
    answer(
      200,
      'application/json',
      JSON.stringify({ id: 'j', operation: 'gradients', state: name, parts: { total: 2, completed: 1 } }),
      headers,
    );
  const steps = [state('queued'), state('running', { 'retry-after': '0' }), state('running'), state('running')];
  const { url } = await startStub(t, ...steps);
  const job = await new Client({ url }).submit('gradients', article);
  await t.rejects(job.wait({ timeoutMs: 50 }), new TimeoutError('job j has not ended in 50 ms'));
});

t.test('safetensors', async (t) => {
  const tensors = {
    a: new Tensor(Int8Array.of(-1, 2, 3), [3]),
    b: new Tensor(Float64Array.of(0.1, Number.NaN, -0, 1e300), [2, 2]),
    c: new Tensor(BigInt64Array.of(-(2n ** 62n)), []),
    ü: new Tensor(Float32Array.of(), [0, 2]),
  };
  const bytes = writeSafetensors(tensors, { note: 'ü' });
  t.strictSame(readSafetensors(bytes), { tensors, metadata: { note: 'ü' } });
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  t.strictSame(readSafetensors(shifted.subarray(1)).tensors.b, tensors.b, 'unaligned');
  t.equal(tensors.c.toArray(), -(2 ** 62));
  t.throws(() => new Tensor(Float64Array.of(1), [2]), { message: 'expected 2 numbers for the shape 2, got 1' });
  const file = (header: string, data: number[] = []) => {
    const text = Buffer.from(header);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, Buffer.from(data)]);
  };
  const one = (dtype: string, data: number[]) => {
    const header = { x: { dtype, shape: [data.length / (dtype === 'BOOL' ? 1 : 2)], data_offsets: [0, data.length] } };
    return readSafetensors(file(JSON.stringify(header), data)).tensors.x.toArray();
  };
  t.strictSame(one('BF16', [0x80, 0x3f, 0x49, 0x40]), [1, 3.140625]);
  t.strictSame(one('F16', [0, 0x3c, 1, 0, 0, 0xfc, 0x48, 0xc2]), [1, 2 ** -24, Number.NEGATIVE_INFINITY, -3.140625]);
  t.strictSame(one('F16', [1, 0x7c]), [Number.NaN]);
  t.strictSame(one('BOOL', [0, 1]), [0, 1]);
  for (const [bytes, why] of [
    [new Uint8Array(3), 'its header does not fit'],
    [file('{}').subarray(0, 9), 'its header does not fit'],
    [file('[1]'), 'its header is no JSON object'],
    [file('{'), 'its header is no JSON object'],
    [file('{"x":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}', [1]), 'x has the type F8'],
    [file('{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}', [1]), 'x does not lie where its header says'],
    [file('{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', [1]), 'x does not lie where its header says'],
    [file('{"x":{"dtype":"U8"}}', [1]), 'x does not lie where its header says'],
  ] as const) {
    t.throws(() => readSafetensors(bytes), { name: 'TypeError', message: new RegExp(`can be read here: ${why}`) });
  }
});
