// The JavaScript client and a running service.
import { openAsBlob, readFileSync } from 'node:fs';
import t from 'tap';
import {
  Client,
  Problem,
  parametersToVector,
  type Requests,
  Tensor,
  vectorToParameters,
  writeSafetensors,
} from '../../clients/javascript/src/index.ts';
import { activations } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import { losses } from '../../schemas/loss.ts';
import { operations } from '../../src/operations/registry.ts';
import { startService } from '../support/process.ts';

const service = await startService({ keep: () => false });
t.teardown(() => service.process.kill('SIGKILL'));
const client = new Client({ url: service.url });
const article = examples.article.request as Requests['gradients'];

/** For t.rejects(): a problem with these members. */
const like = (members: Partial<Problem>) => members as Error;

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
