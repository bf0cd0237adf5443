// Replaces every value of a request by unusual ones: the service answers or refuses, but has no internal error.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { post, startApp } from '../support/app.ts';

const request: GradientsRequest = {
  network: {
    layers: [
      { weights: [[0.5, -0.25]], biases: [0.1], activation: { type: 'hardtanh', min_val: -1, max_val: 2 } },
      { weights: [[1], [-1]], activation: 'softmax' },
    ],
  },
  batch: {
    inputs: [
      [1, 2],
      [-1, 0.5],
    ],
    targets: [1, -100],
    sample_weights: [1, 2],
    samples: 'rows',
  },
  loss: { type: 'cross_entropy', weight: [1, 2], label_smoothing: 0.1, ignore_index: -100, reduction: 'sum' },
  include: ['trace', 'outputs'],
};

/** Bytes of padding that make any body long. */
const LONG = 16_384;

const nested = (open: string, close: string) => open.repeat(10_000) + close.repeat(10_000);

/** As JSON; some texts are not what JSON.stringify would write. */
const odd = [
  ...['null', 'true', '0', '-0', '-1', '0.5', '1e308', '1e999', '5e-324', '9007199254740993'],
  ...['""', '"relu"', '"hinge"', '"toString"', '"__proto__"', '"constructor"', `"${'x'.repeat(300)}"`],
  ...['[]', '[[]]', '[[1]]', '[0, 1]', '[[[1]]]', '[null]', nested('[', ']'), `${nested('{"a":', '}').replace(':}', ':1}')}`],
  ...[
    '{}',
    '{"length": 1}',
    '{"0": [1], "length": 1}',
    '{"data": [1], "shape": [1]}',
    '{"data": [1], "shape": [1000, 1000]}',
    '{"data": [1, 2, 3, 4], "shape": [2, 2]}',
    '{"data": [[1]], "shape": "ab"}',
    '{"__proto__": 1}',
    '{"toString": 1, "valueOf": 1}',
  ],
  ...[
    '{"type": {"toString": 1, "valueOf": 1}}',
    '{"type": []}',
    '{"type": "toString"}',
    '{"type": "hardtanh", "min_val": {"toString": 1}}',
  ],
  ...['{"type": "hardtanh", "min_val": 3}', '{"type": "nll", "ignore_index": 0}', '{"type": "poisson_nll", "log_input": false}'],
];

/** The paths of all values in a document. */
function places(value: unknown, path: string[] = []): string[][] {
  const within = value instanceof Object ? Object.entries(value).flatMap(([key, item]) => places(item, [...path, key])) : [];
  return [path, ...within];
}

/** The request as JSON, with the JSON text `text` at a path. */
function withText(path: string[], text: string): string {
  const MARK = '@';
  const document = { request: structuredClone(request) };
  const keys = ['request', ...path];
  const last = keys.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: the document may have any structure
  keys.reduce((node: any, key) => node[key], document)[last] = MARK;
  return JSON.stringify(document.request).replace(`"${MARK}"`, text);
}

t.test('unusual values', async (t) => {
  const app = await startApp();
  const right = (await post(app, request)).body;
  const faults: string[] = [];
  let tried = 0;
  for (const path of places(request)) {
    for (const text of odd) {
      const body = withText(path, text);
      const short = await post(app, body);
      tried++;
      if (![200, 400, 422].includes(short.statusCode))
        faults.push(`${short.statusCode}: ${text.slice(0, 60)} at /${path.join('/')}`);
      // The same in a long body.
      const long = await post(app, body + ' '.repeat(LONG));
      if (long.body !== short.body && short.json().type !== '/problems/malformed-body')
        faults.push(`in a long body: ${text.slice(0, 60)} at /${path.join('/')}: ${long.body.slice(0, 200)}`);
    }
  }
  t.strictSame(faults, []);
  t.ok(tried > 1500, `${tried} requests`);
  t.equal((await post(app, request)).body, right);
});
