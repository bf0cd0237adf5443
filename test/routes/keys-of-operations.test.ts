// Unknown keys and tensors in requests to every operation: the advice is about the operation that was called, in JSON and in safetensors.
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { operations } from '../../src/operations/registry.ts';
import { post, startApp } from '../support/app.ts';
import { file, fileOf, parts, SAFETENSORS } from '../support/safetensors-file.ts';

const network = { layers: [{ weights: [[1]] }] };
const ofInputs = { network, batch: { inputs: [[1]] } };
const ofLoss = { network, batch: { inputs: [[1]], targets: [[1]] } };

/** A right request to each operation. */
const requests: Record<string, object> = {
  gradients: ofLoss,
  vjp: { ...ofInputs, cotangents: [[1]] },
  jvp: { ...ofInputs, tangents: { parameters: [{}] } },
  jacobian: { ...ofInputs, of: 'inputs' },
  hvp: { ...ofLoss, vector: [{}] },
  hessian: ofLoss,
  check: { ...ofLoss, candidate: { loss: 1, gradients: [{}], trace: [{}] } },
};

/** A copy of a request with a value at a JSON pointer. */
function withKey(request: object, pointer: string, value: unknown): object {
  const copy = structuredClone(request);
  const path = pointer.slice(1).split('/');
  const key = path.pop() as string;
  const parent = path.reduce((at, step) => at[step] as typeof at, copy as Record<string, unknown>) as Record<string, unknown>;
  parent[key] = value;
  return copy;
}

/** The one error of a request, which is the same in both formats. */
async function errorOf(t: Test, app: FastifyInstance, name: string, request: object) {
  const inJson = await post(app, request, {}, `/${name}`);
  const inTensors = await post(app, fileOf(request), { 'content-type': SAFETENSORS }, `/${name}`);
  t.equal(inJson.statusCode, 400, `${name}: ${inJson.body}`);
  t.strictSame(inTensors.json().errors, inJson.json().errors, `${name}: the same in safetensors`);
  const [error, ...others] = inJson.json().errors;
  t.strictSame(others, [], `${name}: one error`);
  return error;
}

t.test('requests that are right', async (t) => {
  const app = await startApp();
  t.strictSame(
    Object.keys(requests),
    operations.map(({ name }) => name),
  );
  for (const [name, request] of Object.entries(requests)) {
    const { statusCode, body } = await post(app, request, {}, `/${name}`);
    t.equal(statusCode, 200, `${name}: ${body}`);
  }
});

t.test('keys of other operations', async (t) => {
  /** What some of these keys are, where they have a counterpart. */
  const counterparts: Record<string, Record<string, string>> = {
    vjp: { tangents: ', nearest is "cotangents"', vector: ': it is cotangents here' },
    jvp: { cotangents: ', nearest is "tangents"', vector: ': it is tangents here' },
    hvp: { cotangents: ', nearest is "tangents", which is vector here', tangents: ': it is vector here' },
  };
  const app = await startApp();
  const all = new Set(operations.flatMap(({ request }) => Object.keys(request.properties)));
  for (const { name, request } of operations) {
    const own = Object.keys(request.properties);
    for (const key of all.difference(new Set(own))) {
      const error = await errorOf(t, app, name, withKey(requests[name], `/${key}`, 1));
      const detail = `unknown key "${key}"${counterparts[name]?.[key] ?? ''}; there are ${own.join(', ')}`;
      t.strictSame(error, { pointer: `/${key}`, detail }, `${name} ${key}`);
    }
  }
});

t.test('keys in a wrong place, misspelt, and of other libraries', async (t) => {
  const inLayers = ': it belongs in network.layers[k]';
  const onAll = { '/inputs': ': it belongs in batch', '/layers': ': it belongs in network', '/weights': inLayers };
  const withLoss = {
    '/targets': ': it belongs in batch',
    '/y': ': it is targets here, in batch',
    '/batch/loss': ': it belongs at the top',
    '/network/criterion': ': it is loss here, at the top',
    '/l2': ': it belongs in penalty',
    '/penality': ', nearest is "penalty"',
    '/network/layers/0/l1': ': it belongs in penalty',
  };
  const withoutLoss = { ...Object.fromEntries(Object.keys(withLoss).map((pointer) => [pointer, ''])), '/batch/targets': '' };
  const ofEach: Record<string, Record<string, string>> = {
    gradients: { ...withLoss, '/batch/include': ': it belongs at the top', '/inclued': ', nearest is "include"' },
    vjp: { ...withoutLoss, '/batch/cotangents': ': it belongs at the top', '/cotangetns': ', nearest is "cotangents"' },
    jvp: {
      ...withoutLoss,
      '/batch/tangents': ': it belongs at the top',
      '/parameters': ': it is network here',
      '/tangents/weights': ': it is parameters here',
      '/tangents/W': ': it is weights here, in tangents.parameters[k]',
      '/tangents/parameters/0/activation': inLayers,
      '/tagnents': ', nearest is "tangents"',
    },
    jacobian: { ...withoutLoss, '/network/wrt': ': it is of here, at the top', '/netwrok': ', nearest is "network"' },
    hvp: {
      ...withLoss,
      '/batch/matrix': ': it belongs at the top',
      '/vector/0/kernel': ': it is weights here, transposed if it is inputs x outputs',
      '/vectro': ', nearest is "vector"',
      '/lambda': ': it is l2 here, in penalty, on weights, and with "biases": true also on biases',
    },
    hessian: {
      ...withLoss,
      '/batch/damping': ': it belongs at the top',
      '/dampign': ', nearest is "damping"',
      '/lambda': ': it is damping here',
    },
    check: {
      ...withLoss,
      '/gradients': ': it belongs in candidate',
      '/candidate/weights': ': it belongs in candidate.gradients[k]',
      '/candidate/pre_activations': ': it belongs in candidate.trace[k]',
      '/candidate/tolerance': ': it belongs at the top',
      '/tolerence': ', nearest is "tolerance"',
    },
  };
  const app = await startApp();
  for (const { name } of operations)
    for (const [pointer, advice] of Object.entries({ ...onAll, ...ofEach[name] })) {
      const error = await errorOf(t, app, name, withKey(requests[name], pointer, 1));
      t.equal(error.pointer, pointer);
      t.equal(
        error.detail.replace(/; there (is|are) .*/, ''),
        `unknown key "${pointer.split('/').pop()}"${advice}`,
        `${name} ${pointer}`,
      );
    }
});

t.test('a penalty among the options of an activation', async (t) => {
  const app = await startApp();
  for (const { name, request } of operations) {
    const { detail } = await errorOf(
      t,
      app,
      name,
      withKey(requests[name], '/network/layers/0/activation', { type: 'elu', l2: 1 }),
    );
    const advice = 'penalty' in request.properties ? ': it belongs in penalty' : '';
    t.equal(detail, `unknown key "l2" of elu${advice}; there are type, alpha`, name);
  }
});

t.test('tensors', async (t) => {
  const cases: [operation: string, name: string, advice: string][] = [
    ['vjp', 'batch.targets', ''],
    ['vjp', 'grad_outputs', ': it is cotangents here'],
    ['vjp', 'batch.cotangents', ': it is cotangents here'],
    ['vjp', 'cotangetns', ': it is cotangents here'],
    ['jvp', 'tangents.x', ': it is tangents.inputs here'],
    ['jvp', 'x', ': it is batch.inputs here'],
    ['jvp', 'tangents.parameters.3.W', ': it is tangents.parameters.3.weights here'],
    ['jvp', '3.weight', ': it is network.layers.{k}.weights here'],
    ['jacobian', 'y', ''],
    ['hvp', 'vector.1.bias', ': it is vector.1.biases here'],
    ['hvp', 'batch.weights', ': it is batch.sample_weights here'],
    ['hessian', 'mu', ': it is damping here'],
    ['check', 'gradients.0.weights', ': it is candidate.gradients.0.weights here'],
    ['check', 'candidate.trace.2.slpoes', ': it is candidate.trace.2.slopes here'],
    ['gradients', 'cotangents', ''],
    ['gradients', 'batch.inptus', ': it is batch.inputs here'],
  ];
  const app = await startApp();
  for (const [operation, name, advice] of cases) {
    const { header, data } = parts(requests[operation]);
    const body = file({ ...header, [name]: { dtype: 'F64', shape: [0], data_offsets: [0, 0] } }, data);
    const { errors } = (await post(app, body, { 'content-type': SAFETENSORS }, `/${operation}`)).json();
    t.equal(errors[0].detail.replace(/; there (is|are) .*/, ''), `a request has no tensor "${name}"${advice}`, operation);
    t.equal(errors[0].pointer, `/${name.replaceAll('.', '/')}`);
  }
});
