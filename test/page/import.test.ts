// Networks by their sizes, from safetensors files and state dicts in JSON; matrices as source code.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { MOST_WEIGHTS, readSizes, withSizes, writeSizes } from '../../src/page/request/build.ts';
import { conversionOf, shownConversions } from '../../src/page/request/conversions.ts';
import { ImportFault } from '../../src/page/request/import-fault.ts';
import { readSafetensors, type Tensor } from '../../src/page/request/safetensors.ts';
import { layersOf, tensorsOf, withNetwork } from '../../src/page/request/state-dict.ts';
import { matrixTexts } from '../../src/page/steps/matrix-text.ts';
import { imports } from '../../src/page/text/en/imports.ts';
import { gradients, startApp } from '../support/app.ts';
import { safetensorsFile } from './safetensors-file.ts';

const article: GradientsRequest = examples.article.request;

const faultOf = (read: () => unknown): string => {
  try {
    return `no fault: ${JSON.stringify(read())}`;
  } catch (error) {
    if (error instanceof ImportFault) return error.text(imports);
    throw error;
  }
};

t.test('a network by its sizes', async (t) => {
  const app = await startApp();
  for (const text of [
    '2-3-3-2',
    ' 2, 3, 3, 2 ',
    '[2, 3, 3, 2]',
    '(2 3 3 2)',
    '2x3x3x2',
    '2 → 3 → 3 → 2',
    '2->3->3->2',
    '2–3–3–2',
  ])
    t.strictSame(readSizes(text), [2, 3, 3, 2], text);
  for (const text of ['', '2', 'a-b', '2-0-1', '2-1.5', '2--', `${MOST_WEIGHTS}-2`]) t.equal(readSizes(text), undefined, text);
  t.equal(writeSizes(article), '2-3-3-2');
  t.strictSame(withSizes(article, [2, 3, 3, 2]), article);
  for (const sizes of [
    [2, 5, 3, 2],
    [3, 3, 2],
    [2, 3, 3, 4, 4, 2],
    [2, 2],
    [4, 1],
  ]) {
    const request = withSizes(article, sizes);
    t.equal(writeSizes(request), sizes.join('-'));
    t.type((await gradients(app, request)).loss, 'number', 'the service takes it');
  }
  const wider = withSizes(article, [2, 4, 3, 2]).network.layers;
  t.strictSame(wider[0].weights.slice(0, 3), article.network.layers[0].weights, 'other weights stay');
  t.strictSame(wider[2], article.network.layers[2]);
  t.strictSame(
    withSizes(article, [2, 3, 3, 3, 2]).network.layers.map(({ activation }) => activation),
    ['tanh', 'tanh', 'tanh', article.network.layers[2].activation],
  );
  const single = {
    ...article,
    network: {
      layers: [
        {
          weights: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    },
  };
  t.strictSame(
    withSizes(single, [2, 3, 2]).network.layers.map(({ activation }) => activation),
    ['tanh', undefined],
  );
});

t.test('a safetensors file', async (t) => {
  const values = [0.5, -1, 2, 0.25];
  for (const dtype of ['F64', 'F32', 'F16', 'BF16'] as const) {
    const tensors = readSafetensors(safetensorsFile([['w', dtype, [2, 2], values]]));
    t.strictSame(tensors.get('w'), { shape: [2, 2], values }, dtype);
  }
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -24, -(2 ** -14)];
  t.strictSame(readSafetensors(safetensorsFile([['w', 'F16', [5], odd]])).get('w')?.values, odd, 'float16 at its ends');
  const file = safetensorsFile([['w', 'F32', [2, 2], values]]);
  const changed = (from: string, to: string) => {
    const bytes = Buffer.from(file.slice(0));
    bytes.write(to, bytes.indexOf(from));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  };
  const nothing = Buffer.concat([Buffer.of(10, 0, 0, 0, 0, 0, 0, 0), Buffer.from('{"w":null}')]);
  const faults: [ArrayBuffer, RegExp][] = [
    [Uint8Array.from(nothing).buffer, /^w has the dtype undefined/],
    [new ArrayBuffer(3), /^This is not a safetensors file/],
    [new Uint8Array(20).fill(200).buffer, /^This is not a safetensors file/],
    [changed('{', 'x'), /^This is not a safetensors file/],
    [changed('"shape":[2,2]', '"shape":[2,{}'), /^This is not a safetensors file/],
    [changed('[2,2]', '"2,2"'), /^This is not a safetensors file/],
    [changed('"w":{', '"w":5,"v":{').slice(0), /^This is not a safetensors file|dtype/],
    [changed('"F32"', '"I64"'), /^w has the dtype I64\. The page reads F64, F32, F16, BF16/],
    [changed('"F32"', '1    '), /^w has the dtype 1\./],
    [changed('[2,2]', '[2,3]'), /^The file is cut off/],
    [file.slice(0, -1), /^The file is cut off/],
  ];
  for (const [bytes, sentence] of faults)
    t.match(
      faultOf(() => readSafetensors(bytes)),
      sentence,
    );
});

const tensor = (rows: number, columns?: number): Tensor => ({
  shape: columns ? [rows, columns] : [rows],
  values: Array.from({ length: rows * (columns ?? 1) }, (_, i) => i / 8),
});

t.test('a state dict', async (t) => {
  const app = await startApp();
  const shapesOf = (tensors: [string, Tensor][]) =>
    layersOf(new Map(tensors)).map(({ weights, biases }) => [weights.length, weights[0].length, biases?.length]);
  const sequential: [string, Tensor][] = [
    ['0.bias', tensor(4)],
    ['0.weight', tensor(4, 2)],
    ['10.bias', tensor(1)],
    ['10.weight', tensor(1, 3)],
    ['2.weight', tensor(3, 4)],
  ];
  t.strictSame(
    shapesOf(sequential),
    [
      [4, 2, 4],
      [3, 4, undefined],
      [1, 3, 1],
    ],
    '10 comes after 2',
  );
  t.strictSame(
    shapesOf([
      ['hidden.weight', tensor(4, 2)],
      ['a_out.weight', tensor(1, 4)],
    ]),
    [
      [4, 2, undefined],
      [1, 4, undefined],
    ],
    'by their sizes',
  );
  t.strictSame(
    layersOf(
      tensorsOf({
        dense: {
          kernel: [
            [1, 2, 3],
            [4, 5, 6],
          ],
          bias: [7, 8, 9],
        },
      }),
    ),
    [
      {
        weights: [
          [1, 4],
          [2, 5],
          [3, 6],
        ],
        biases: [7, 8, 9],
      },
    ],
    'Keras has inputs x outputs',
  );
  t.strictSame(
    layersOf(
      new Map([
        ['dense/kernel:0', tensor(2, 1)],
        ['dense/bias:0', tensor(1)],
      ]),
    ),
    [{ weights: [[0, 0.125]], biases: [0] }],
  );
  t.strictSame(
    layersOf(tensorsOf({ 'layers.0.weights': [[1]], 'layers.0.biases': [2] })),
    [{ weights: [[1]], biases: [2] }],
    'the names of the service',
  );
  const opened = withNetwork(article, layersOf(new Map(sequential)));
  t.strictSame(
    opened.network.layers.map(({ activation }) => activation),
    ['tanh', 'tanh', article.network.layers[2].activation],
    'activations stay',
  );
  t.type((await gradients(app, opened)).loss, 'number', 'the service takes it');
  const two = withNetwork(
    article,
    layersOf(
      tensorsOf({
        'a.weight': [
          [1, 2],
          [3, 4],
        ],
        'b.weight': [[1, 2]],
      }),
    ),
  );
  t.strictSame(
    two.network.layers.map(({ activation }) => activation),
    ['relu', undefined],
  );
  const faults: [() => unknown, RegExp][] = [
    [() => layersOf(tensorsOf({})), /^No tensors found/],
    [
      () => layersOf(tensorsOf({ a: { b: [1] } })),
      /^No weights found: none of the names ends with "weight" or "kernel"\. There are a\.b/,
    ],
    [() => layersOf(tensorsOf({ 'conv.weight': [[[1]]] })), /^conv\.weight does not belong to a linear layer/],
    [() => layersOf(tensorsOf({ 'bn.weight': [1] })), /^bn\.weight does not belong/],
    [() => layersOf(tensorsOf({ 'w.weight': [[]] })), /^w\.weight does not belong/],
    [() => layersOf(tensorsOf({ 'a.weight': [[1]], 'a.bias': [1, 2] })), /^a\.weight does not belong/],
    [
      () => layersOf(tensorsOf({ 'a.weight': [[1, 2]], 'b.weight': [[1, 2]] })),
      /^The sizes of the layers do not match: a\.weight is 1 × 2, b\.weight is 1 × 2/,
    ],
    [() => tensorsOf({ a: [[1], [2, 3]] }), /^a is not an array of finite numbers/],
    [() => tensorsOf({ a: ['x'] }), /^a is not an array of finite numbers/],
    [
      () => layersOf(new Map([['a.weight', { shape: [1, 1], values: [Number.NaN] }]])),
      /^a\.weight is not an array of finite numbers/,
    ],
  ];
  for (const [read, sentence] of faults) t.match(faultOf(read), sentence);
});

t.test('files that a browser cannot read: the line that converts them', async (t) => {
  t.strictSame(
    shownConversions.map(({ file, library }) => [file, library]),
    [
      ['model.pt', 'PyTorch'],
      ['model.h5', 'Keras'],
      ['model.keras', 'Keras'],
    ],
  );
  t.match(conversionOf("my 'net'.pth", '')?.line, "torch.load('my _net_.pth', map_location='cpu')");
  t.equal(conversionOf('unknown', '\x89HDF\r\n')?.library, 'Keras', 'by how it begins');
  t.equal(conversionOf('unknown', 'PK\x03\x04')?.library, 'PyTorch');
  t.equal(conversionOf('model.json', '{'), undefined);
  for (const { line } of shownConversions) {
    const code = /-c "(.*)" >/.exec(line)?.[1] ?? '';
    t.doesNotThrow(
      () => execFileSync(process.env.PYTHON ?? 'python3', ['-c', 'import ast, sys; ast.parse(sys.argv[1])', code]),
      'it is Python',
    );
  }
});

t.test('a matrix as source code', async (t) => {
  const matrix = [
    [0.1, -2e-7],
    [3, -0],
  ];
  t.equal(matrixTexts.NumPy('dW1', matrix), 'dW1 = np.array([[0.1, -2e-7],\n                [3, -0.0]])');
  t.equal(matrixTexts.NumPy('db1', [1, 2]), 'db1 = np.array([1, 2])');
  t.equal(matrixTexts.NumPy('loss', 0.5), 'loss = np.array(0.5)');
  t.equal(matrixTexts.MATLAB('dW1', matrix), 'dW1 = [0.1 -2e-7; 3 -0.0];');
  t.equal(matrixTexts.MATLAB('db1', [1, 2]), 'db1 = [1; 2];');
  t.equal(matrixTexts.MATLAB('loss', 0.5), 'loss = 0.5;');
});
