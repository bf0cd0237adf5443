// Data to train on: the same each time, of the right shapes, and taken by the service.
import t from 'tap';
import { examples } from '../../../schemas/examples.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { train } from '../../../src/page/text/en/train.ts';
import { epochsAfter, indicesAt, part } from '../../../src/page/train/batches.ts';
import { CsvFault, columnsOf, dataOf, namesClasses, readTable } from '../../../src/page/train/csv.ts';
import { type GeneratorName, generators, networkFor, withData } from '../../../src/page/train/data.ts';
import { outputsFor, requestOfRows, rowsOf, type Wanted } from '../../../src/page/train/dataset-rows.ts';
import { decisionOf, pointsOf, rangesOf, requestOfPlane, SIDE } from '../../../src/page/train/plane.ts';
import { normal, seeded } from '../../../src/page/train/random.ts';
import { gradients, post, startApp, validRequest } from '../../support/app.ts';

const article: GradientsRequest = examples.article.request;

t.test('generators', async (t) => {
  const app = await startApp();
  for (const name of Object.keys(generators) as GeneratorName[]) {
    const data = generators[name]({ samples: 40, noise: 0.05, seed: 3 });
    t.equal(data.inputs.length, 40, name);
    t.strictSame(generators[name]({ samples: 40, noise: 0.05, seed: 3 }), data, 'the same each time');
    t.notSame(generators[name]({ samples: 40, noise: 0.05, seed: 4 }), data, 'another one for another seed');
    t.type((await gradients(app, withData(article, data))).loss, 'number', 'the service takes it');
  }
  t.strictSame(generators.xor({ samples: 4, noise: 0, seed: 1 }), {
    inputs: [
      [-1, -1],
      [1, -1],
      [-1, 1],
      [1, 1],
    ],
    classes: [0, 1, 1, 0],
    classCount: 2,
  });
  const radius = ([x, y]: number[]) => Math.hypot(x, y);
  const circle = generators.circle({ samples: 50, noise: 0, seed: 1 });
  t.ok(circle.inputs.every((point, i) => (circle.classes?.[i] ? radius(point) < 0.51 : radius(point) > 0.74)));
  const spiral = generators.spiral({ samples: 50, noise: 0, seed: 1 });
  t.strictSame(
    spiral.inputs[1],
    spiral.inputs[0].map((x) => 0 - x),
    'the arms are opposite',
  );
  t.ok(radius(spiral.inputs[48]) > 0.95 && radius(spiral.inputs[0]) < 0.15);
  const regression = generators.regression({ samples: 3, noise: 0, seed: 1 });
  t.strictSame(regression, { inputs: [[-1], [0], [1]], targets: [[-0.141], [0], [0.141]] });
  t.strictSame(generators.regression({ samples: 1, noise: 0, seed: 1 }).inputs, [[0]]);
  const random = seeded(1);
  const sample = Array.from({ length: 2000 }, () => normal(random));
  t.ok(Math.abs(sample.reduce((sum, x) => sum + x, 0) / 2000) < 0.05, 'mean 0');
  t.ok(Math.abs(sample.reduce((sum, x) => sum + x * x, 0) / 2000 - 1) < 0.1, 'variance 1');
});

t.test('a request for data keeps the weights that fit', async (t) => {
  const xor = withData(article, generators.xor({ samples: 8, noise: 0, seed: 1 }));
  t.strictSame(xor.network.layers.slice(0, 2), article.network.layers.slice(0, 2));
  t.strictSame(xor.network.layers[2].weights, [[0.1, 0.1, 0.1]]);
  t.strictSame([xor.loss, xor.batch.targets?.length, xor.batch.samples], ['binary_cross_entropy_with_logits', 8, undefined]);
  const three = withData(article, { inputs: [[1], [2], [3]], classes: [0, 1, 2], classCount: 3 });
  t.strictSame([three.loss, three.batch.classes, three.network.layers[2].weights.length], ['cross_entropy', [0, 1, 2], 3]);
});

const faultOf = (read: () => unknown): string => {
  try {
    return `no fault: ${JSON.stringify(read())}`;
  } catch (error) {
    if (error instanceof CsvFault) return error.text(train);
    throw error;
  }
};

t.test('CSV', async (t) => {
  const iris = readTable('\ufefflength,"width, cm",species\n5.1,3.5,setosa\n7,3.2,versicolor\r\n\n6.3,3.3,virginica\n');
  t.strictSame(iris.columns, ['length', 'width, cm', 'species']);
  t.strictSame(
    [0, 1, 2].map((column) => namesClasses(iris, column)),
    [false, false, true],
  );
  t.strictSame(dataOf(iris, [2], true), {
    inputs: [
      [5.1, 3.5],
      [7, 3.2],
      [6.3, 3.3],
    ],
    classes: [0, 1, 2],
    classCount: 3,
  });
  const digits = readTable('1\t2\t0\n3\t4\t1\n');
  t.strictSame(
    digits,
    {
      columns: ['1', '2', '3'],
      rows: [
        ['1', '2', '0'],
        ['3', '4', '1'],
      ],
    },
    'without headers',
  );
  t.ok(namesClasses(digits, 2));
  t.strictSame(dataOf(digits, [0], false), {
    inputs: [
      [2, 0],
      [4, 1],
    ],
    targets: [[1], [3]],
  });
  t.strictSame(
    ['species', ' width, cm ', '1,species', 'species, 1, 3'].map((typed) => columnsOf(iris, typed)),
    [[2], [1], [0, 2], [2, 0]],
    'by name and by position, each once',
  );
  t.strictSame(columnsOf(readTable('2,1,x\na,b,c'), '1,2'), [1, 0], 'a name comes before a position');
  t.strictSame(columnsOf(readTable('x,y,y\n1,2,3'), 'y'), [2], 'the last one of a name');
  t.strictSame(readTable(',y\n1,2').columns, ['1', 'y'], 'a column without a name has its position');
  t.strictSame(dataOf(readTable('x,y,z\n1,2,3\n4,5,6'), [2, 0], false), {
    inputs: [[2], [5]],
    targets: [
      [3, 1],
      [6, 4],
    ],
  });
  t.notOk(namesClasses(readTable('a;b\n1;5\n2;5'), 1), 'one value is no choice');
  t.strictSame(readTable('a,b\nc,d').rows, [['c', 'd']], 'words only: the first line is one of headers');
  t.strictSame(dataOf(readTable('x,y\n1,b\n2,a\n3,a'), [1], true).classes, [1, 0, 0], 'or of their names');
  t.notOk(namesClasses(readTable('a;b\n1;100\n2;5'), 1));
  t.strictSame(readTable('1,a\n2,b').columns, ['1', '2'], 'a column of words does not make the first line one of headers');
  t.strictSame(dataOf(readTable('x,y\n1,10\n2,9'), [1], true).classes, [1, 0], 'classes in the order of their numbers');
  const faults: [() => unknown, RegExp][] = [
    [() => readTable(''), /^The file has no rows/],
    [() => readTable('a,b\n'), /^The file has no rows/],
    [() => readTable('a,b\n1,2\n3'), /^Row 2 has 1 cells, the first line has 2/],
    [() => readTable('1,a,2\n3,b'), /^Row 1 has 2 cells, the first line has 3/],
    [() => dataOf(readTable('a\n1'), [0], false), /^No column is left for the inputs/],
    [() => dataOf(readTable('a,b\nx,1\n2,3'), [1], false), /^Row 1, column a: expected a number, got "x"/],
    [() => dataOf(readTable('a,b\n1,2\n3,'), [1], false), /^Row 2, column b: expected a number, got ""/],
    [() => dataOf(readTable('a,b,c\n1,2,3'), [1, 2], true), /^Classes are in one column/],
    [() => columnsOf(iris, 'colour'), /^There is no column "colour". The columns are length, width, cm, species\.$/],
    [() => columnsOf(iris, 'species,4'), /^There is no column "4"/],
    [() => columnsOf(iris, '0'), /^There is no column "0"/],
    [() => columnsOf(readTable(`${'a,'.repeat(12)}b\n${'1,'.repeat(12)}2`), ''), /^There is no column "".* a, …\.$/],
  ];
  for (const [read, sentence] of faults) t.match(faultOf(read), sentence);
});

t.test('mini-batches: each sample once an epoch', async (t) => {
  t.equal(indicesAt(5, 4, 4, 1), undefined, 'all of them');
  const epoch = [0, 1, 2].flatMap((step) => indicesAt(step, 9, 3, 1) ?? []);
  t.strictSame(epoch.toSorted(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  t.notSame(
    [3, 4, 5].flatMap((step) => indicesAt(step, 9, 3, 1) ?? []),
    epoch,
    'in another order',
  );
  t.equal(indicesAt(2, 10, 4, 1)?.length, 4, 'a smaller last batch is left out');
  t.strictSame([epochsAfter(5, 9, 3), epochsAfter(5, 9, 20), epochsAfter(5, 10, 4)], [1, 5, 2]);
  const { batch } = validRequest();
  t.equal(part(batch, undefined), batch);
  t.strictSame(part({ ...batch, sample_weights: [1, 2] }, [1]), { inputs: [[-1, 0.5]], targets: [[-1]], sample_weights: [2] });
  t.strictSame(part(article.batch, [1]), { inputs: [[2], [5]], targets: [[1], [2]], samples: 'columns' });
  t.strictSame(
    part(examples.classification.request.batch, [2, 0]).classes,
    [-100, 2].with(1, examples.classification.request.batch.classes[0]),
  );
});

t.test("the grid of decisions has the service's outputs", async (t) => {
  const app = await startApp();
  const request = withData(article, generators.xor({ samples: 8, noise: 0, seed: 1 }));
  const ranges = rangesOf(request);
  t.strictSame(ranges, [
    { from: -1.3, to: 1.3 },
    { from: -1.3, to: 1.3 },
  ]);
  const points = pointsOf(ranges ?? []);
  t.equal(points.length, SIDE * SIDE);
  t.ok(points.every(([x, y]) => Math.abs(x) < 1.3 && Math.abs(y) < 1.3));
  const { outputs } = await gradients(app, requestOfPlane(request, points));
  t.ok(
    outputs?.every(([p]) => p > 0 && p < 1),
    'probabilities',
  );
  t.strictSame(
    rangesOf(article),
    [
      { from: 1.85, to: 3.15 },
      { from: 3.85, to: 5.15 },
    ],
    'of samples in columns',
  );
  const line = withData(article, generators.regression({ samples: 8, noise: 0, seed: 1 }));
  t.equal(pointsOf(rangesOf(line) ?? []).length, SIDE * 4);
  t.equal(requestOfPlane(line, [[1]]).network.layers[2].activation, undefined, 'outputs as they are');
  t.equal(requestOfPlane({ ...request, network: article.network }, [[1, 1]]).network.layers[2].activation, 'sigmoid');
  const classes = withData(article, { inputs: [[1], [2], [3]], classes: [0, 1, 2], classCount: 3 });
  t.equal(requestOfPlane(classes, [[1]]).network.layers[2].activation, 'softmax');
  t.equal(
    rangesOf(withData(article, { inputs: [[1, 1, 1]], targets: [[1]] })),
    undefined,
    'more than two inputs cannot be drawn',
  );
  t.strictSame(rangesOf(withData(article, { inputs: [[1]], targets: [[1]] })), [{ from: 0.85, to: 1.15 }]);
  t.strictSame(requestOfPlane({ network: article.network, batch: article.batch }, []).network, article.network, 'mse by default');
  t.strictSame([decisionOf([0.3]), decisionOf([0.1, 0.7, 0.2])], [0.3, 1]);
});

t.test('a new network for data: its sizes, and weights that differ from each other', async (t) => {
  const xor = generators.xor({ samples: 4, noise: 0, seed: 1 });
  const { network, batch, loss } = networkFor(xor, [3]);
  const sizes = network.layers.map(({ weights }) => [weights.length, weights[0].length]);
  t.strictSame(sizes, [
    [3, 2],
    [1, 3],
  ]);
  t.strictSame(
    network.layers.map(({ biases }) => biases),
    [[0, 0, 0], [0]],
  );
  const weights = network.layers.flatMap(({ weights }) => weights.flat());
  t.equal(new Set(weights).size, 9);
  t.ok(weights.every((weight) => weight !== 0));
  t.strictSame([network.layers[0].activation, network.layers[1].activation], ['tanh', undefined]);
  t.strictSame([batch.inputs, loss], [xor.inputs, 'binary_cross_entropy_with_logits']);
  const kept = networkFor({ ...xor, keepsClasses: true }, [3]);
  t.strictSame(kept.network.layers[1].weights.length, 2, 'an output per class');
  t.strictSame([kept.batch.classes, kept.loss], [xor.classes, 'cross_entropy']);
});

t.test('rows of a dataset come back as they were put', async (t) => {
  const app = await startApp();
  const put = (name: string, body: object) =>
    app.inject({
      method: 'PUT',
      url: `/datasets/${name}`,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    });
  const inputs = [
    [0.1, 0.2],
    [0.3, -0.4],
    [5, 6],
  ];
  const targets = [[0.7], [-1.1], [0]];
  await put('numbers', { inputs, targets });
  await put('labels', { inputs, classes: [2, 0, 1] });
  await put('ignoring', { inputs, classes: [-100, 0, 1] });
  const read = async (wanted: Wanted) => rowsOf(wanted, (await post(app, requestOfRows(wanted))).json());
  t.strictSame(await read({ dataset: 'numbers', features: 2, outputs: 1, isClasses: false, rows: 3 }), { inputs, targets });
  t.strictSame(await read({ dataset: 'labels', features: 2, outputs: 3, isClasses: true, rows: 2 }), {
    inputs: inputs.slice(0, 2),
    classes: [2, 0],
    classCount: 3,
  });
  const ignoring = { dataset: 'ignoring', features: 2, outputs: 3, isClasses: true, rows: 3 };
  t.strictSame((await read(ignoring)).classes, [-100, 0, 1], 'a sample that does not count');

  const problem = async (wanted: Wanted) => (await post(app, requestOfRows(wanted))).json();
  const labels = { dataset: 'labels', features: 2, outputs: 2, isClasses: true, rows: 3 };
  t.equal(outputsFor(await problem(labels)), 3, 'how many outputs the classes need');
  await put('from-one', { inputs, classes: [2, 3, 1] });
  t.equal(outputsFor(await problem({ ...labels, dataset: 'from-one', outputs: 3 })), 4, 'of classes from 1');
  t.equal(outputsFor(await problem({ ...labels, rows: 4 })), undefined, 'rows outside the dataset');
  t.equal(outputsFor(await problem({ ...labels, dataset: 'none' })), undefined, 'no such dataset');
});
