// The JavaScript client: against a running service, and against servers that fail.
import { openAsBlob, readFileSync } from 'node:fs';
import t from 'tap';
import {
  Client,
  ConnectionError,
  type Options,
  Problem,
  parametersToVector,
  type Requests,
  readSafetensors,
  Tensor,
  TimeoutError,
  vectorToParameters,
  writeSafetensors,
} from '../../clients/javascript/src/index.ts';
import { activations } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import { losses } from '../../schemas/loss.ts';
import { operations } from '../../src/operations/registry.ts';
import { startService } from '../support/process.ts';
import { answer, cutOff, refusal, reset, type Step, startStub } from './command.ts';

const service = await startService({ keep: () => false });
t.teardown(() => service.process.kill('SIGKILL'));
const client = new Client({ url: service.url });
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

/** An answer with nested lists. */
function plain(value: unknown): unknown {
  if (value instanceof Tensor) return value.toArray();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

t.test('every example of every operation', async (t) => {
  for (const { name, examples } of operations) {
    for (const [title, { request, answer }] of Object.entries(examples)) {
      const got = await client.ask(name as keyof Requests, request as Requests['gradients']);
      t.strictSame(plain(got), answer, `${name}: ${title}`);
      t.type(client[name as keyof Requests], 'function');
    }
  }
});

t.test('all activations, losses, and options have types', async (t) => {
  const types = readFileSync(new URL('../../clients/javascript/src/types.ts', import.meta.url), 'utf8');
  for (const [name, { options }] of Object.entries({ ...activations, ...losses })) {
    t.match(types, `'${name}'`);
    const declared = new RegExp(`^  ${name}: \\{(.*)\\};$`, 'm').exec(types)?.[1] ?? '';
    t.strictSame([...declared.matchAll(/readonly (\w+)/g)].map(([, option]) => option).sort(), Object.keys(options).sort(), name);
  }
});

t.test('the parts of a check have types', async (t) => {
  const types = readFileSync(new URL('../../clients/javascript/src/types.ts', import.meta.url), 'utf8');
  const { schemas } = ((await (await fetch(new URL('/openapi.json', service.url))).json()) as { components: Components })
    .components;
  const declared = {
    ArrayCheck: /^export interface CheckedArray \{\n([\s\S]*?)\n\}/m,
    Diagnosis: /^export interface Diagnosis \{\n([\s\S]*?)\n\}/m,
    CheckAnswer: /^ {2}check: \{\n([\s\S]*?)\n {2}\};/m,
  };
  for (const [name, form] of Object.entries(declared)) {
    const keys = [...(form.exec(types)?.[1] ?? '').matchAll(/^ +readonly (\w+)/gm)].map(([, key]) => key);
    t.strictSame(keys.sort(), Object.keys(schemas[name].properties).sort(), name);
  }
});

interface Components {
  readonly schemas: Record<string, { readonly properties: object }>;
}

t.test('arrays in every form', async (t) => {
  const expected = (await client.gradients(article)).loss;
  const { layers } = article.network;
  const tensors = vectorToParameters(parametersToVector(layers), article.network);
  t.equal((await client.gradients({ ...article, network: { layers: tensors } })).loss, expected);
  const columns = [Float64Array.of(3, 2), Float64Array.of(4, 5)];
  const targets = new Tensor(Int32Array.of(2, 1, 2, 2), [2, 2]);
  t.equal((await client.gradients({ ...article, batch: { inputs: columns, targets, samples: 'columns' } })).loss, expected);
  const single = layers.map((layer, k) => (k === 0 ? { ...layer, weights: Array(3).fill(Float32Array.of(0.1, 0.1)) } : layer));
  t.equal(
    (await client.gradients({ ...article, network: { layers: single } })).gradients[0].weights.dtype,
    'F64',
    'a list of arrays',
  );
  const weights = new Tensor(new Float32Array(6).fill(0.1), [3, 2]);
  const answer = await client.gradients({ ...article, network: { layers: [{ ...layers[0], weights }, ...layers.slice(1)] } });
  t.equal(answer.gradients[0].weights.dtype, 'F32');
  t.ok(Math.abs(answer.loss - expected) < 1e-6);
  const classes = [
    [0, 1],
    Uint16Array.of(0, 1) as unknown as Int16Array,
    new Tensor(BigInt64Array.of(0n, 1n)),
    Float64Array.of(0, 1),
  ];
  const losses = await Promise.all(
    classes.map(
      async (classes) =>
        (
          await client.gradients({
            ...article,
            batch: {
              inputs: [
                [3, 4],
                [2, 5],
              ],
              classes,
            },
            loss: 'nll',
          })
        ).loss,
    ),
  );
  t.equal(new Set(losses).size, 1);
});

t.test('directions may be flat', async (t) => {
  const batch = {
    inputs: [
      [3, 4],
      [2, 5],
    ],
    targets: [
      [2, 2],
      [1, 2],
    ],
  };
  const vector = parametersToVector(article.network.layers);
  const { hessian } = await client.hessian({ network: article.network, batch });
  const { products, curvature } = await client.hvp({ network: article.network, batch, vector });
  const expected = Array.from(vector, (_, i) => vector.reduce((sum, v, j) => sum + hessian.data[i * vector.length + j] * v, 0));
  for (const [i, product] of parametersToVector(products).entries()) t.ok(Math.abs(product - expected[i]) < 1e-12);
  t.ok(Math.abs(curvature - vector.reduce((sum, v, i) => sum + v * expected[i], 0)) < 1e-12);
  const inputs = { inputs: batch.inputs };
  const { output_tangents } = await client.jvp({ network: article.network, batch: inputs, tangents: { parameters: vector } });
  const { jacobian } = await client.jacobian({ network: article.network, batch: inputs, of: 'parameters' });
  t.strictSame(jacobian[0].weights.shape, [2, 2, 3, 2]);
  t.strictSame(output_tangents.shape, [2, 2]);
  t.throws(() => vectorToParameters([1], article.network), {
    message: 'expected a vector of 29 numbers, one per parameter, got 1',
  });
  const ragged = { layers: [{ weights: [[1], [1, 2]] }] };
  t.throws(() => parametersToVector(ragged.layers), { message: 'expected weights and biases that are arrays of numbers' });
});

t.test('problems', async (t) => {
  const problem = async (request: object) =>
    client.gradients({ ...article, ...request }).then(
      () => t.fail('it is refused'),
      (error: Problem) => error,
    );
  const ragged = (await problem({
    batch: {
      inputs: [[3, 4], Float64Array.of(2)],
      targets: [
        [2, 2],
        [1, 2],
      ],
    },
  })) as Problem;
  t.match(ragged, { status: 422, type: '/problems/shape-mismatch', errors: [{ pointer: '/batch/inputs/1' }] });
  t.equal(
    ragged.message,
    `422 Shapes do not fit together: 1 problem in the request\n  /batch/inputs/1: ${ragged.errors[0].detail}`,
  );
  t.match(await problem({ loss: 'mean_square' }), { status: 400, errors: [{ pointer: '/loss' }] });
  const large = {
    layers: [
      {
        weights: [
          [1e300, 1e300],
          [1, 1],
        ],
        activation: 'exp',
      },
    ],
  };
  t.match(await problem({ network: large }), { status: 422, step: 'outputs', layer: 0 });
  t.match(await problem({ loss: { type: 'huber', delta: Number.NaN } }), {
    message: 'loss.delta: expected a finite number, got NaN',
  });
});

t.test('datasets and jobs', async (t) => {
  const inputs = [
    [3, 4],
    [2, 5],
  ];
  const description = await client.datasets.put('js', {
    inputs,
    targets: [
      [2, 2],
      [1, 2],
    ],
  });
  t.match(description, { name: 'js', samples: 2, features: 2, targets: 2 });
  t.strictSame(await client.datasets.get('js'), description);
  t.strictSame(await client.datasets.list(), [description]);
  await t.rejects(client.datasets.put('js', { inputs }, { ifNoneMatch: '*' }), like({ status: 412 }));
  await t.rejects(client.datasets.put('js', { inputs }, { ifMatch: 'other' }), like({ status: 412 }));
  t.throws(() => client.datasets.put('js', { inputs: [[1], [1, 2]] }), { message: /^inputs: expected an array of numbers/ });
  const { network } = article;
  const { loss } = await client.gradients({ network, batch: { dataset: 'js' } });
  t.equal((await client.gradients({ network, batch: { dataset: 'js', indices: [1, 0] } })).loss, loss);
  const job = await client.submit('gradients', { network, batch: { dataset: 'js' } }, { idempotencyKey: 'once' });
  t.equal((await client.submit('gradients', { network, batch: { dataset: 'js' } }, { idempotencyKey: 'once' })).id, job.id);
  const shown: string[] = [];
  t.equal((await job.wait({ show: ({ state }) => shown.push(state) })).state, 'succeeded');
  t.equal(shown.at(-1), 'succeeded');
  t.equal((await (await client.job(job.id)).result()).loss, loss);
  t.strictSame(
    (await client.jobs()).map(({ id }) => id),
    [job.id],
  );
  await job.cancel();
  await t.rejects(client.job(job.id), like({ status: 404 }));
  const csv = new File(['a,b,y z\n1,2,0\n3,4,1\n'], 'data.csv');
  t.match(await client.datasets.putFile('js', csv, { classes: 'y z' }), { samples: 2, features: 2, targets: 0 });
  t.match(await client.datasets.putFile('js', csv, { targets: ['b', 'y z'], ifMatch: '*' }), { features: 1, targets: 2 });
  const folder = t.testdir({
    'data.safetensors': Buffer.from(writeSafetensors({ inputs: new Tensor(new Float64Array(6), [3, 2]) })),
  });
  const file = await openAsBlob(`${folder}/data.safetensors`);
  t.match(await client.datasets.putFile('js', file, { fileName: 'data.safetensors' }), { samples: 3 });
  t.throws(() => client.datasets.putFile('js', file), { message: /ends in safetensors, csv, json, got none/ });
  await t.rejects(client.datasets.putUrl('js', { url: 's3://nowhere/data.safetensors' }), Problem);
  await client.datasets.delete('js');
  await t.rejects(client.datasets.delete('js'), like({ status: 404 }));
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
