// safetensors in both directions: the same answers as in JSON.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import {
  type Extra,
  type GradientsAnswer,
  type GradientsRequest,
  GradientsRequest as GradientsSchema,
} from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { readConfig } from '../../src/config.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { RequestSchema } from '../../src/wire/request-schema.ts';
import { decode } from '../../src/wire/safetensors.ts';
import { gradients, post, startApp, startIdleApp, startOwnApp, validRequest } from '../support/app.ts';
import { sameNumbers } from '../support/numbers.ts';
import { type Entry, file, fileOf, flattened, parts, read, SAFETENSORS } from '../support/safetensors-file.ts';
import { scalesOf } from '../support/scales.ts';

const JSON_TYPE = 'application/json';
const run = promisify(execFile);
const python = process.env.PYTHON ?? 'python3';
const official = await run(python, ['-c', 'import numpy, safetensors.numpy']).catch(() => undefined);

const binary = { 'content-type': SAFETENSORS };
const vectors = new URL('../vectors/', import.meta.url);
const include = namesOf(GradientsSchema.properties.include.items) as Extra[];

for (const name of readdirSync(vectors).filter((name) => name.endsWith('.json'))) {
  t.test(`the same answers as in JSON: ${name}`, async (t) => {
    const app = await startApp();
    const cases: { name: string; request: GradientsRequest }[] = JSON.parse(readFileSync(new URL(name, vectors), 'utf8'));
    for (const { name, request } of cases) {
      const asked = { ...request, include };
      const expected = await gradients(app, asked);
      const response = await post(app, fileOf(asked), { ...binary, accept: SAFETENSORS });
      t.equal(response.headers['content-type'], SAFETENSORS, name);
      const { tensors, dtypes } = read(response.rawPayload);
      t.strictSame(dtypes, new Set(['F64']), name);
      t.strictSame(new Map([...tensors].sort()), new Map([...flattened(expected)].sort()), name);
    }
  });
}

t.test('all combinations of media types', async (t) => {
  const app = await startApp();
  const expected = await gradients(app, validRequest());
  const toJson = await post(app, fileOf(validRequest()), { ...binary, accept: JSON_TYPE });
  t.equal(toJson.headers['content-type'], JSON_TYPE);
  t.strictSame(toJson.json(), expected);
  t.strictSame((await post(app, fileOf(validRequest()), binary)).json(), expected, 'without Accept: JSON');
  const toTensors = await post(app, validRequest(), { accept: SAFETENSORS });
  t.strictSame(read(toTensors.rawPayload).tensors, flattened(expected));
  const answer = toTensors.rawPayload;
  t.equal(Number(answer.readBigUInt64LE()) % 8, 0, 'the data are aligned');
});

t.test('F32: computed in float64, answered in F32', async (t) => {
  const app = await startApp();
  const { tensors, dtypes } = read(
    (await post(app, fileOf(validRequest(), 'F32'), { ...binary, accept: SAFETENSORS })).rawPayload,
  );
  t.strictSame(dtypes, new Set(['F32']));
  const exact = (await post(app, fileOf(validRequest(), 'F32'), binary)).json();
  const rounded = new Map(
    [...flattened(exact)].map(([name, value]) => [
      name,
      JSON.parse(JSON.stringify(value), (_, n) => (typeof n === 'number' ? Math.fround(n) : n)),
    ]),
  );
  t.strictSame(tensors, rounded);
  t.not(exact.loss, Math.fround(exact.loss), 'JSON has the float64 numbers');
});

t.test('a result beyond the range of F32', async (t) => {
  const app = await startApp();
  const request = { network: { layers: [{ weights: [[1e30]] }] }, batch: { inputs: [[1]], targets: [[0]] } };
  t.equal((await post(app, fileOf(request), { ...binary, accept: SAFETENSORS })).statusCode, 200);
  const response = await post(app, fileOf(request, 'F32'), { ...binary, accept: SAFETENSORS });
  t.equal(response.statusCode, 422);
  const detail = /^loss has a number beyond the range of F32/;
  t.match(response.json(), {
    type: '/problems/non-finite-result',
    detail,
    errors: [{ pointer: '/network/layers/0/weights', detail }],
  });
});

t.test('numbers as tensors without dimensions, a document without metadata, and layers from tensors only', async (t) => {
  const app = await startApp();
  const { header, data } = parts(validRequest());
  const { __metadata__, ...tensors } = header;
  const identity: GradientsRequest = validRequest();
  for (const layer of identity.network.layers) delete layer.activation;
  const other = file({ ...tensors, __metadata__: { format: 'pt' } }, data);
  t.strictSame((await post(app, other, binary)).json(), await gradients(app, identity));
  t.strictSame((await post(app, file(tensors, data), binary)).json(), await gradients(app, identity));

  const smooth = { network: identity.network, batch: identity.batch, loss: { type: 'smooth_l1' as const, beta: 0.25 } };
  const { header: withoutBeta, data: numbers } = parts({ ...smooth, loss: { type: 'smooth_l1' } });
  const beta: Entry = { dtype: 'F32', shape: [], data_offsets: [numbers.length, numbers.length + 4] };
  const bytes = Buffer.concat([numbers, Buffer.from(Float32Array.of(0.25).buffer)]);
  t.strictSame(
    (await post(app, file({ ...withoutBeta, 'loss.beta': beta }, bytes), binary)).json(),
    await gradients(app, smooth),
  );
});

t.test('eleven layers: indices are sorted as numbers, not as text', async (t) => {
  const app = await startApp();
  const layers = Array.from({ length: 11 }, (_, k) => ({ weights: [[1 + k / 10]] }));
  const request = { network: { layers }, batch: { inputs: [[1]], targets: [[0]] } };
  const { header, data } = parts(request);
  const { __metadata__, ...tensors } = header;
  t.strictSame((await post(app, file(tensors, data), binary)).json(), await gradients(app, request));
});

t.test('null for optional keys in the JSON document', async (t) => {
  const app = await startApp();
  const activation = { type: 'elu', alpha: null };
  const request = {
    ...validRequest(),
    loss: { type: 'huber', delta: null, reduction: null },
    include: null,
  } as unknown as GradientsRequest;
  Object.assign(request.network.layers[0], { activation });
  const plain = { ...validRequest(), loss: 'huber' } as GradientsRequest;
  Object.assign(plain.network.layers[0], { activation: 'elu' });
  t.strictSame((await post(app, fileOf(request), binary)).json(), await gradients(app, plain));
  t.strictSame(await gradients(app, request), await gradients(app, plain), 'and so in JSON');
});

t.test('class indices in F64', async (t) => {
  const app = await startApp();
  const request: GradientsRequest = {
    network: { layers: [{ weights: [[1], [2]] }] },
    batch: { inputs: [[1], [2]], targets: [1, 0] },
    loss: 'cross_entropy',
  };
  const { header, data } = parts(request);
  const { data_offsets: offsets } = header['batch.targets'] as Entry;
  const asF64 = (a: number, b: number) => {
    const bytes = Buffer.from(data);
    bytes.writeDoubleLE(a, offsets[0]);
    bytes.writeDoubleLE(b, offsets[0] + 8);
    return file({ ...header, 'batch.targets': { ...header['batch.targets'], dtype: 'F64' } }, bytes);
  };
  t.strictSame((await post(app, asF64(1, 0), binary)).json(), await gradients(app, request));
  t.match((await post(app, asF64(1, 0.5), binary)).json(), {
    errors: [
      { pointer: '/batch/targets/1', detail: 'expected an integer (a class index; other targets are a list of rows), got 0.5' },
    ],
  });
});

t.test('a file at an unaligned address', async (t) => {
  const bytes = fileOf(validRequest());
  const odd = Buffer.alloc(bytes.length + 1);
  bytes.copy(odd, 1);
  const limits = limitsOf(readConfig({}));
  const schema = new RequestSchema(GradientsSchema, () => []);
  t.strictSame(decode(odd.subarray(1), schema, limits), decode(bytes, schema, limits));
});

t.test('more layers, or a longer header, than allowed', async (t) => {
  const app = await startOwnApp(t, { MAX_LAYERS: '1', MAX_KEYS: '40' });
  const refused = async (request: GradientsRequest) => (await post(app, fileOf(request), binary)).json();
  t.match(await refused(validRequest()), { type: '/problems/too-complex', errors: [{ pointer: '/network/layers' }] });
  t.match(await refused({ batch: validRequest().batch } as GradientsRequest), { errors: [{ pointer: '/network' }] });
  const layers = Array.from({ length: 20 }, () => ({ weights: [[1]] }));
  const request = { network: { layers }, batch: { inputs: [[1]], targets: [[1]] } };
  t.match(await refused(request), { type: '/problems/too-complex', detail: 'keys and objects than the limit of 40 (MAX_KEYS)' });
});

t.test('the official library', { skip: !official && 'python3 has no safetensors and numpy here' }, async (t) => {
  const app = await startIdleApp();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/gradients`;
  const program = new URL('official.py', import.meta.url).pathname;
  const classes: GradientsRequest = {
    network: { layers: [{ weights: [[1], [2]], biases: [0.5, 1], activation: { type: 'elu', alpha: 0.5 } }] },
    batch: { inputs: [[1], [2]], targets: [1, 0], sample_weights: [1, 2] },
    loss: { type: 'cross_entropy', weight: [1, 3] },
    include: ['trace', 'outputs'],
  };
  for (const request of [validRequest(), examples.article.request as GradientsRequest, classes]) {
    for (const dtype of ['float64', 'float32']) {
      const { stdout } = await run(python, [program, url, dtype, JSON.stringify(request)]);
      const { dtypes, tensors }: { dtypes: string[]; tensors: Record<string, unknown> } = JSON.parse(stdout);
      t.strictSame(dtypes, [dtype]);
      const expected: GradientsAnswer = await gradients(app, request);
      const byName = (entries: Iterable<[string, unknown]>) => Object.fromEntries([...entries].sort());
      sameNumbers(t, byName(Object.entries(tensors)), byName(flattened(expected)), dtype, {
        tolerance: dtype === 'float64' ? 0 : 1e-6,
        scales: byName(flattened(await scalesOf(app, request))),
      });
    }
  }
});
