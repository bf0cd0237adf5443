// All kinds of invalid safetensors files.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { post, startApp, validRequest } from '../support/app.ts';
import { type Entry, file, fileOf, parts, SAFETENSORS } from '../support/safetensors-file.ts';

const binary = { 'content-type': SAFETENSORS };

interface Wrong {
  readonly body: Buffer;
  readonly type?: string;
  readonly detail: string | RegExp;
  readonly pointer?: string;
}

const { header, data } = parts(validRequest());
const weights = header['network.layers.0.weights'] as Entry;
const first = 'network.layers.0.weights';
const changed = (name: string, change: Partial<Entry>) => file({ ...header, [name]: { ...header[name], ...change } }, data);
const without = (name: string) => {
  const { [name]: _, ...others } = parts(validRequest()).header;
  return others;
};
const request = (document: unknown) => ({ ...header, __metadata__: { request: JSON.stringify(document) } });
const rest = parts(validRequest()).rest as GradientsRequest;

const malformed: Record<string, Wrong> = {
  'no bytes': { body: Buffer.alloc(0), detail: 'the body is empty' },
  'less than the length': { body: Buffer.alloc(7), detail: 'expected 8 bytes with the length of the header, got 7' },
  'a header too long': {
    body: Buffer.concat([Buffer.from(BigUint64Array.of(100_000_001n).buffer), data]),
    detail: 'the header is too long: 100000001 bytes, more than the 100000000 of the format',
  },
  'a header beyond the end': {
    body: Buffer.concat([Buffer.from(BigUint64Array.of(1000n).buffer), Buffer.alloc(10)]),
    detail: 'the header is cut off: it should have 1000 bytes, and 10 follow',
  },
  'a header that is not UTF-8': { body: file(Buffer.from([0x7b, 0xff, 0x7d]), data), detail: 'the header is not UTF-8' },
  'a header that is not JSON': { body: file('{"a":', data), detail: /^the header is not JSON: / },
  'a header that is no object': { body: file('[1]', data), detail: 'the header is not a JSON object' },
  'a name twice': { body: file('{"a":{},"a":{}}', data), detail: 'the header has the key /a twice' },
  'a tensor that is no object': {
    body: file({ a: 1 }, data),
    detail: '"a": expected an object with dtype, shape and data_offsets',
  },
  'an unknown dtype': {
    body: changed(first, { dtype: 'F8_E5M2' }),
    detail: `"${first}": unknown dtype "F8_E5M2"; there are F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL`,
  },
  'a dtype with a long name': {
    body: changed(first, { dtype: 'x'.repeat(200) }),
    detail: `unknown dtype "${'x'.repeat(79)}…; there are`,
  },
  'no dtype': { body: file({ a: {} }, data), detail: '"a": unknown dtype none' },
  'a dtype of a prototype': { body: changed(first, { dtype: 'toString' }), detail: 'unknown dtype "toString"' },
  'I64 where there are no class indices': {
    body: changed(first, { dtype: 'I64' }),
    detail: 'which is for class indices, batch.targets',
  },
  ...Object.fromEntries(
    ['1.0', '1e0', '-0', '1E+0'].map((number) => [
      `a shape with ${number}`,
      {
        body: file(JSON.stringify(header).replace('"shape":[2,2]', `"shape":[2,${number}]`), data),
        detail: `the header has the number ${number}: shapes and data_offsets are integers of digits only`,
      },
    ]),
  ),
  'a shape that is none': { body: changed(first, { shape: [2, -2] }), detail: `"${first}": the shape is not a list of integers` },
  'offsets that descend': {
    body: changed(first, { data_offsets: [32, 0] }),
    detail: `"${first}": data_offsets are not two integers`,
  },
  'three offsets': { body: changed(first, { data_offsets: [0, 1, 2] }), detail: `"${first}": data_offsets are not two integers` },
  'offsets outside': {
    body: changed(first, { data_offsets: [0, 4096] }),
    detail: `"${first}": data_offsets end at 4096, outside the ${data.length} bytes that follow the header`,
  },
  'the wrong length for the shape': {
    body: changed(first, { shape: [2, 3] }),
    detail: `"${first}": the wrong length: [2, 3] in F64 takes 48 bytes, got 32`,
  },
  'a shape beyond all numbers': { body: changed(first, { shape: [2 ** 40, 2 ** 40] }), detail: 'the wrong length' },
  'an overlap': {
    body: changed('network.layers.0.biases', { data_offsets: [24, 40] }),
    detail: `"network.layers.0.biases" overlaps "${first}": it begins at byte 24, before byte 32`,
  },
  'a hole': {
    body: file(without(first), data),
    detail: 'a hole: the bytes from 0 to 32, before "network.layers.0.biases", are no tensor\'s',
  },
  'a hole at the end': {
    body: Buffer.concat([file(header, data), Buffer.alloc(8)]),
    detail: `a hole: the bytes from ${data.length} to ${data.length + 8}, the end, are no tensor's`,
  },
  'metadata that are no strings': {
    body: file({ ...header, __metadata__: { request: {} } }, data),
    detail: '__metadata__ is not an object of strings',
  },
  'metadata that are no JSON': {
    body: file({ ...header, __metadata__: { request: '{' } }, data),
    detail: /^"request" in __metadata__ is not JSON: /,
  },
  'metadata that are no object': { body: file(request([]), data), detail: '"request" in __metadata__ is not a JSON object' },
  'a key twice in the metadata': {
    body: file({ ...header, __metadata__: { request: '{"loss":"mse","loss":"l1"}' } }, data),
    detail: '"request" in __metadata__ has the key /loss twice',
  },
};

const [end] = (header['batch.targets'] as Entry).data_offsets;
const lastNumber = { dtype: 'F64', shape: [], data_offsets: [end, end + 8] };
const nan = Buffer.from(data);
nan.writeDoubleLE(NaN, 16);
const nans = Buffer.from(new Float64Array(data.length / 8).fill(NaN).buffer);
const renamed = (from: string, to: string) => ({ ...without(from), [to]: header[from] });
const layersOnly = (n: number) => ({ ...rest, network: { layers: rest.network.layers.slice(0, n) } });

const unfit: Record<string, Wrong> = {
  'a missing tensor': {
    body: file(
      {
        ...without(first),
        'loss.pos_weight': { ...weights, shape: [4] },
        __metadata__: { request: JSON.stringify({ ...rest, loss: { type: 'binary_cross_entropy_with_logits' } }) },
      },
      data,
    ),
    pointer: `/${first.replaceAll('.', '/')}`,
    detail: 'expected a list of lists, but the key is missing',
  },
  'a surplus tensor': {
    body: file(renamed(first, 'network.layers.0.weight'), data),
    pointer: '/network/layers/0/weight',
    detail:
      'a request has no tensor "network.layers.0.weight": it is network.layers.0.weights here; there are network.layers.{k}.weights, network.layers.{k}.biases, batch.inputs, ' +
      'batch.targets, batch.classes, batch.sample_weights, batch.rows, batch.indices, loss.pos_weight, loss.weight',
  },
  'a tensor whose name means nothing': {
    body: file(renamed(first, 'foo'), data),
    pointer: '/foo',
    detail: 'a request has no tensor "foo"; there are',
  },
  'a tensor by the name of a prototype': {
    body: file(renamed(first, '__proto__.weights'), data),
    pointer: '/__proto__/weights',
    detail: 'a request has no tensor',
  },
  'a tensor by the name that stands for those of all layers': {
    body: file(renamed(first, 'network.layers.{k}.weights'), data),
    pointer: '/network/layers/{k}/weights',
    detail: 'a request has no tensor',
  },
  'a layer by a name that is no number': {
    body: file(renamed(first, 'network.layers.00.weights'), data),
    pointer: '/network/layers/00/weights',
    detail: 'a request has no tensor',
  },
  'a tensor and a JSON value for the same path': {
    body: file(request({ ...rest, batch: { inputs: [[1, 2]] } }), data),
    pointer: '/batch/inputs',
    detail: 'stands twice: as a tensor, and in the JSON document',
  },
  'a gap in the layers': {
    body: file(
      {
        ...renamed('network.layers.1.weights', 'network.layers.4.weights'),
        __metadata__: { request: JSON.stringify(layersOnly(1)) },
      },
      data,
    ),
    pointer: '/network/layers/4/weights',
    detail: 'there is no tensor and no JSON for network.layers.2',
  },
  'a layer that is no object': {
    body: file(request({ ...rest, network: { layers: [1, {}] } }), data),
    pointer: '/network/layers/0',
    detail: 'expected an object, got 1',
  },
  'a network that is no object': {
    body: file(request({ ...rest, network: null }), data),
    pointer: '/network',
    detail: 'expected an object, got null',
  },
  'a batch that is no object': {
    body: file(request({ ...rest, batch: null }), data),
    pointer: '/batch',
    detail: 'expected an object, got null',
  },
  'a tensor of the wrong dimensions': {
    body: changed(first, { shape: [4] }),
    pointer: '/network/layers/0/weights',
    detail: 'expected a tensor of 2 dimensions, got one of the shape [4]',
  },
  'biases of the wrong dimensions': {
    body: changed('network.layers.0.biases', { shape: [2, 1] }),
    pointer: '/network/layers/0/biases',
    detail: 'expected a tensor of 1 dimension, got one of the shape [2, 1]',
  },
  'targets of three dimensions': {
    body: changed('batch.targets', { shape: [2, 1, 1] }),
    pointer: '/batch/targets',
    detail: 'expected a list of lists or a list, got a tensor',
  },
  'a number in place of an array': {
    body: changed('network.layers.1.biases', { shape: [] }),
    pointer: '/network/layers/1/biases',
    detail: 'expected a tensor of 1 dimension, got one without dimensions, of the shape []',
  },
  'a number in place of targets': {
    body: file({ ...header, 'batch.targets': lastNumber }, data.subarray(0, end + 8)),
    pointer: '/batch/targets',
    detail: 'expected a tensor of 2 or 1 dimensions, got one without dimensions, of the shape []',
  },
  'an array in place of a number': {
    body: file(
      {
        ...header,
        'loss.delta': { dtype: 'F64', shape: [0], data_offsets: [0, 0] },
        __metadata__: { request: JSON.stringify({ ...rest, loss: { type: 'huber' } }) },
      },
      data,
    ),
    pointer: '/loss/delta',
    detail: 'expected a tensor without dimensions, of the shape [], got one of the shape [0]',
  },
  'a tensor in place of an object': {
    body: file({ ...header, network: { dtype: 'F64', shape: [0], data_offsets: [0, 0] } }, data),
    pointer: '/network',
    detail: 'expected no tensor, but a value of the JSON document',
  },
  'numbers that are all none': {
    body: file(header, nans),
    pointer: '/network/layers/0/weights',
    detail: 'expected finite numbers, got only numbers that are not finite, such as NaN',
  },
  'no numbers': {
    body: file({ ...header, 'batch.sample_weights': { dtype: 'F64', shape: [0], data_offsets: [0, 0] } }, data),
    pointer: '/batch/sample_weights',
    detail: 'expected a tensor with at least 1 item in each dimension, got one of the shape [0]',
  },
  'a number that is none': {
    body: file(header, nan),
    pointer: '/network/layers/0/weights/1/0',
    detail: 'expected a finite number, got NaN',
  },
};

const shapes: Record<string, Wrong> = {
  'layers that do not chain': {
    body: fileOf({ ...validRequest(), network: { layers: [{ weights: [[1, 2]] }, { weights: [[1, 2]] }] } }),
    pointer: '/network/layers/1/weights/0',
    detail: 'expected 1 weight, one per output of layer 0, got 2',
  },
  'class indices for a loss that has none': {
    body: fileOf({ ...validRequest(), batch: { inputs: [[1, 2]], targets: [1] } }),
    pointer: '/batch/targets',
    detail: 'expected a matrix of targets for mse, one row per sample: [[1]], got a flat list',
  },
};

t.test('invalid files, each followed by a valid request', async (t) => {
  const app = await startApp();
  const right = (await post(app, fileOf(validRequest()), binary)).body;
  const kinds: [Record<string, Wrong>, type: string, status: number][] = [
    [malformed, 'malformed-body', 400],
    [unfit, 'invalid-request', 400],
    [shapes, 'shape-mismatch', 422],
  ];
  for (const [wrong, type, status] of kinds) {
    for (const [name, { body, detail, pointer }] of Object.entries(wrong)) {
      const response = await post(app, body, { ...binary, accept: SAFETENSORS });
      t.equal(response.headers['content-type'], 'application/problem+json', name);
      t.equal(response.statusCode, status, `${name}: ${response.body}`);
      const problem = response.json();
      t.equal(problem.type, `/problems/${type}`, name);
      if (pointer === undefined) t.match(problem.detail, detail, name);
      else {
        const error = problem.errors.find((error: { pointer: string }) => error.pointer === pointer);
        t.match(error?.detail, detail, `${name}: ${JSON.stringify(problem.errors)}`);
      }
      t.equal((await post(app, fileOf(validRequest()), binary)).body, right, `${name}: the next request has its answer`);
    }
  }
});

t.test('at most 20 errors for tensors with unknown names', async (t) => {
  const app = await startApp();
  const surplus = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`x${i}`, { dtype: 'F64', shape: [0], data_offsets: [0, 0] }]),
  );
  const problem = (await post(app, file({ ...header, ...surplus }, data), binary)).json();
  t.equal(problem.errors.length, 20);
  t.match(problem.detail, 'more than 20 problems');
});
