// Editing a request: changes, and positions of its parts in a text.
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import {
  downhill,
  isRequest,
  oriented,
  redrawn,
  resized,
  sizesOf,
  withClasses,
  withLayer,
  withoutLayer,
  withValue,
} from '../../src/page/request/edit.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { syntaxFault } from '../../src/page/request/json-syntax.ts';
import { format, lineOf, offsetOf } from '../../src/page/request/json-text.ts';
import { hasClasses } from '../../src/page/request/targets.ts';
import { activations, losses, type Variant } from '../../src/page/request/variants.ts';
import { en } from '../../src/page/text/en.ts';
import { gradients, startApp, validRequest } from '../support/app.ts';

const article: GradientsRequest = examples.article.request;

t.test('other initial weights, by the rule of new ones', async (t) => {
  const network = withLayer(validRequest(), 0).network;
  const empty = { ...validRequest(), network: { layers: network.layers.map((layer) => ({ ...layer, weights: [[]] })) } };
  const fresh = resized(empty, sizesOf({ ...validRequest(), network })).network;
  t.strictSame(
    redrawn(network, 0).layers.map(({ weights }) => weights),
    fresh.layers.map(({ weights }) => weights),
  );
  const [one, two] = [redrawn(network, 1), redrawn(network, 2)];
  t.strictSame(redrawn(network, 1), one, 'the same each time');
  t.notSame(one.layers[0].weights, fresh.layers[0].weights, 'others in each draw');
  t.notSame(two.layers[0].weights, one.layers[0].weights);
  for (const { layers } of [one, two]) {
    layers.forEach((layer, k) => {
      t.ok(layer.weights.every((row) => row.every((weight) => Math.abs(weight) <= Math.sqrt(3 / row.length))));
      t.strictSame({ ...layer, weights: [] }, { ...network.layers[k], weights: [], biases: layer.weights.map(() => 0) });
    });
  }
  t.strictSame(redrawn({ layers: [{ weights: [[1]] }] }, 1).layers[0].biases, undefined);
});

t.test('other sizes: the service accepts the result, and existing values are kept', async (t) => {
  const app = await startApp();
  const weighted = withValue(validRequest(), '/batch/sample_weights', [1, 2]);
  const { classification } = examples;
  const changed: [string, GradientsRequest][] = [
    ['more of everything', resized(article, { features: 4, units: [5, 2, 3], samples: 6 })],
    ['less of everything', resized(article, { features: 1, units: [1, 1, 1], samples: 1 })],
    ['with sample weights', resized(weighted, { features: 2, units: [2, 1], samples: 4 })],
    ['fewer classes', resized(classification.request, { features: 2, units: [2, 2], samples: 3 })],
    ['a layer more', withLayer(article, 1)],
    ['a layer more at the end', withLayer(validRequest(), 1)],
    ['a layer less', withoutLayer(article, 0)],
    ['samples as rows', oriented(article, 'rows')],
    ['samples as columns', oriented(validRequest(), 'columns')],
  ];
  for (const [name, request] of changed) {
    const loss = name === 'fewer classes' ? 'cross_entropy' : (request.loss ?? 'mse');
    t.type((await gradients(app, { ...request, loss })).loss, 'number', name);
  }
  const more = resized(article, { features: 4, units: [5, 2, 3], samples: 6 });
  t.strictSame(more.network.layers[0].weights[0].slice(0, 2), [0.1, 0.1]);
  const added = more.network.layers[0].weights.slice(3).flat();
  t.equal(new Set(added).size, added.length, 'new weights differ from each other');
  t.ok(added.every((weight) => Math.abs(weight) <= Math.sqrt(3 / 4)));
  t.strictSame(resized(article, { features: 4, units: [5, 2, 3], samples: 6 }), more, 'and are the same each time');
  t.strictSame(resized(weighted, { features: 2, units: [2, 1], samples: 3 }).batch.sample_weights, [1, 2, 1]);
  t.strictSame(sizesOf(oriented(article, 'rows')), sizesOf(article));
  t.strictSame(oriented(oriented(article, 'rows'), 'columns'), article);
  t.equal(oriented(article, 'columns'), article);
  t.strictSame(oriented(classification.request, 'columns').batch.classes, classification.request.batch.classes);
  t.strictSame(resized(classification.request, { features: 2, units: [2, 2], samples: 4 }).batch.classes, [0, 0, -100, 0]);
  const single = withoutLayer(withoutLayer(article, 0), 0);
  t.equal(withoutLayer(single, 0), single, 'the last layer stays');
});

t.test('targets as class indices and as values', async (t) => {
  const classes = withClasses(article, true);
  t.ok(hasClasses(classes.batch));
  t.strictSame(classes.batch.targets, [0, 1]);
  t.equal(withClasses(classes, true), classes);
  t.strictSame(withClasses(classes, false).batch.targets, [
    [1, 0],
    [0, 1],
  ]);
  const rows = withClasses({ ...classes, batch: { ...oriented(classes, 'rows').batch, targets: [1, 1] } }, false);
  t.strictSame(rows.batch.targets, [
    [0, 1],
    [0, 1],
  ]);
  t.strictSame(withClasses({ ...classes, batch: { ...classes.batch, targets: [1, 1] } }, false).batch.targets, [
    [0, 0],
    [1, 1],
  ]);
});

t.test('a gradient step reduces the loss', async (t) => {
  const app = await startApp();
  for (const { name, request } of pageExamples.filter(({ name }) => name !== 'exploding')) {
    const before = await gradients(app, request);
    const after = await gradients(app, downhill(request, before.gradients, 0.01));
    t.ok(after.loss < before.loss, `${name}: ${before.loss} to ${after.loss}`);
  }
  const [{ weights }] = downhill(article, examples.article.answer.gradients, 1).network.layers;
  t.equal(weights[0][0], 0.1 + 0.1238277784070517);
  const unbiased = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[0]] } };
  t.strictSame(downhill(unbiased, [{ weights: [[2]] }], 0.5).network.layers, [{ weights: [[0]] }]);
  const biased = { ...unbiased, network: { layers: [{ weights: [[1]], biases: [3] }] } };
  t.strictSame(downhill(biased, [{ weights: [[2]] }], 0.5).network.layers[0].biases, [3]);
});

t.test('which requests can be edited part by part', async (t) => {
  t.ok(pageExamples.every(({ request }) => isRequest(request)));
  const broken: unknown[] = [undefined, null, 5, {}, { network: {} }, withValue(article, '/network/layers', [])];
  broken.push(withValue(article, '/network/layers/0/weights', [1]), withValue(article, '/network/layers/0/biases', 1));
  broken.push(
    withValue(article, '/batch/inputs', undefined),
    withValue(article, '/batch/targets', []),
    withValue(article, '/network/layers/1', null),
  );
  for (const request of broken) t.notOk(isRequest(request), JSON.stringify(request)?.slice(0, 60));
  t.strictSame(withValue({ 'a/b': { '~': 1 } }, '/a~1b/~0', 2), { 'a/b': { '~': 2 } });
  t.equal(withValue(article, '', 5 as unknown), 5);
});

t.test('a text, and the positions of its parts', async (t) => {
  for (const { request } of [...Object.values(examples), ...pageExamples]) t.strictSame(JSON.parse(format(request)), request);
  const text = format(article);
  const at = (pointer: string) => text.slice(offsetOf(text, pointer)).split('\n')[0];
  t.equal(at(''), '{');
  t.equal(at('/network/layers/0/weights/2'), '[0.1, 0.1]');
  t.match(at('/network/layers/0/activation'), /^"tanh"/);
  t.match(at('/batch/inputs/1/1'), /^5\]/);
  t.match(at('/batch/samples'), /^"columns"/);
  t.match(at('/batch/nothing/here'), /^\{/, 'the last parent that is there');
  t.match(at('/batch/inputs/7'), /^\[/);
  t.match(at('/batch/samples/0'), /^"columns"/);
  t.equal(lineOf(text, offsetOf(text, '/batch')), text.split('\n').findIndex((line) => line.includes('"batch"')) + 1);
  t.equal(
    format({ a: undefined, b: {}, c: [], d: { e: null, f: 'x' } }),
    '{\n  "b": {},\n  "c": [],\n  "d": { "e": null, "f": "x" }\n}',
  );
  const odd = '{"a\\"}": {"b": [{"c": 1}, "]", 2]}, "d": tru';
  t.equal(odd.slice(offsetOf(odd, '/a"}/b/2')).slice(0, 1), '2');
  for (const text of ['{"a": [1', '{"a": "b', '{"a', '{']) t.equal(offsetOf(text, '/b'), 0, `a text that breaks off: ${text}`);
});

t.test('the position of a JSON syntax error', async (t) => {
  const faults: [text: string, detail: string, offset: number][] = [
    ['', 'expected a value, got the end', 0],
    ['{"a": 1', 'expected a comma or }, got the end', 7],
    ['{"a": tru}', 'expected a value, got tru', 6],
    ['[1, 2', 'expected a comma or ], got the end', 5],
    ['[1, 2,]', 'expected a value or ], got ]', 6],
    ['[[], {}, NaN]', 'expected a value or ], got NaN', 9],
    ['[1 2]', 'expected a comma or ], got 2', 3],
    ['{"a": [1, 02]}', 'expected a value or ], got 02', 10],
    ["{'a': 1}", "expected a key in double quotes and a colon, got '", 1],
    ['{"a" 1}', 'expected a key in double quotes and a colon, got 1', 5],
    ['{"a": {"b": 1}, c: 2}', 'expected a key in double quotes and a colon, got c', 16],
    ['{"a": "b\n"}\n  7', 'expected a value, got "b', 6],
    ['[1]\n  7', 'expected nothing more, got 7', 6],
    ['[ \u20ac ]', 'expected a value or ], got \u20ac', 2],
  ];
  for (const [text, detail, offset] of faults) t.strictSame(syntaxFault(text, en.request.syntax), { detail, offset }, text);
  t.equal(syntaxFault('{"a": [1, "b", {}, [], null, true, -1.5e-7]}', en.request.syntax), undefined);
  const wrong = '{\n  "a": 1,\n  "b": tru\n}';
  t.equal(lineOf(wrong, syntaxFault(wrong, en.request.syntax)?.offset ?? 0), 3);
});

t.test('the activations and losses of the form, with their options', async (t) => {
  t.strictSame([activations.length, losses.length], [24, 14]);
  const option = (name: string, kind: string, initial: unknown, names: string[] = []) => ({ name, kind, names, initial });
  const reduction = option('reduction', 'names', 'mean', ['mean', 'sum', 'batchmean']);
  const cases: [variants: readonly Variant[], name: string, formula: string, options: object[]][] = [
    [activations, 'identity', 'x', []],
    [activations, 'leaky_relu', 'max(0, x) + negative_slope * min(0, x)', [option('negative_slope', 'number', 0.01)]],
    [activations, 'gelu', 'x * (1 + erf(x / sqrt(2))) / 2; "tanh": ', [option('approximate', 'names', 'none', ['none', 'tanh'])]],
    [losses, 'mse', '(y - t)^2', [reduction]],
    [losses, 'kl_div', 't * (log(t) - y), or ', [option('log_target', 'boolean', false), reduction]],
    [
      losses,
      'nll',
      '-weight_k * y_k for the class index k; y are log-probabilities',
      [option('weight', 'numbers', undefined), option('ignore_index', 'number', -100), reduction],
    ],
  ];
  for (const [variants, name, formula, options] of cases) {
    const found = variants.find((one) => one.name === name) as Variant;
    t.match(found.formula, formula, name);
    const described = found.options.map(({ description, ...rest }) => {
      t.match(description, /^.{10,150}$/, `${name}: ${rest.name}`);
      return rest;
    });
    t.strictSame(described, options, name);
  }
});
