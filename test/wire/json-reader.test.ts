// Reading JSON by a schema: the same documents as JSON.parse, the same verdicts as TypeBox, and errors with the right pointers.
import { type TSchema, Type } from '@sinclair/typebox';
import fc from 'fast-check';
import t from 'tap';
import { conflicts, GradientsRequest } from '../../schemas/gradients.ts';
import { Names } from '../../schemas/names.ts';
import { asTensor, Integers, List, Matrix, Vector } from '../../schemas/numbers.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { Refusal } from '../../src/refusal.ts';
import { inspectorOf } from '../../src/wire/check.ts';
import { RequestSchema } from '../../src/wire/request-schema.ts';
import { validRequest } from '../support/app.ts';

const limits = { MAX_KEYS: 10_000, MAX_DEPTH: 32, MAX_LAYERS: 3 };

/** A schema with every kind of value, and keys other than those of the service. */
const Other = Type.Object(
  {
    weights: Matrix(),
    counts: Type.Optional(Integers('a count', 'one each')),
    flag: Type.Optional(Type.Boolean()),
    title: Type.Optional(Type.String({ minLength: 1 })),
    size: Type.Optional(Type.Number({ minimum: 0, maximum: 10 })),
    steps: Type.Optional(Type.Integer({ exclusiveMinimum: 0 })),
    nothing: Type.Optional(Type.Null()),
    parts: Type.Optional(List(Type.Object({ kind: Names(['a', 'b']), values: Vector() }, { additionalProperties: false }))),
    choice: Type.Optional(
      Type.Union([
        Type.Number(),
        Type.Boolean(),
        Vector(),
        Type.Union(
          [
            Type.Object({ type: Type.Literal('left'), by: Type.Optional(Type.Number()) }, { additionalProperties: false }),
            Type.Object({ type: Type.Literal('right'), at: Type.Optional(Matrix()) }, { additionalProperties: false }),
          ],
          { title: 'side' },
        ),
      ]),
    ),
  },
  { additionalProperties: false },
);

/** A document with flat arrays converted to lists. */
function nested(value: unknown): unknown {
  const array = asTensor(value);
  if (array) {
    const [rows, columns] = array.shape;
    const row = (i: number) => [...array.data.subarray(i * columns, (i + 1) * columns)];
    return columns === undefined ? [...array.data] : Array.from({ length: rows }, (_, i) => row(i));
  }
  if (Array.isArray(value)) return value.map(nested);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nested(item)]));
}

/** The result of reading a text: the document, or the refusal. */
function read(schema: RequestSchema, text: string): { document: unknown } | Pick<Refusal, 'type' | 'refused'> {
  try {
    return { document: nested(schema.read(Buffer.from(text), limits, new Scratch())) };
  } catch (error) {
    if (error instanceof Refusal) return { type: error.type, refused: error.refused };
    throw error;
  }
}

const other = new RequestSchema(Other, () => []);
const errorsOf = (text: string, schema = other) => {
  const result = read(schema, text);
  return 'refused' in result
    ? Object.fromEntries((result.refused.errors ?? []).map(({ pointer, detail }) => [pointer, detail]))
    : {};
};

t.test('every kind of value, in any order, with white space, escapes and nulls', async (t) => {
  const document = {
    weights: [
      [1, 2.5],
      [-3e2, 4],
    ],
    counts: [1, 2],
    flag: false,
    title: 'é"\\',
    size: 10,
    steps: 3,
    parts: [
      { kind: 'a', values: [0.1] },
      { values: [1e300], kind: 'b' },
    ],
    choice: { at: [[1]], type: 'right' },
  };
  const text = JSON.stringify(document, null, 2).replace('"flag"', '"\\u0066lag"').replace('"left"', '"l\\u0065ft"');
  t.strictSame(read(other, text), { document: document });
  t.strictSame(read(other, `{"weights":[[1]],"nothing":null,"flag":null,"choice":null}`), { document: { weights: [[1]] } });
  for (const choice of [1.5, true, [1, 2], { type: 'left' }, { by: 2, type: 'left' }])
    t.strictSame(read(other, JSON.stringify({ weights: [[1]], choice })), { document: { weights: [[1]], choice } });
  const ragged = read(other, '{"weights":[[1,2],[3]]}');
  t.strictSame(
    (ragged as { document: { weights: number[][] } }).document.weights.map((row) => row.length),
    [2, 1],
  );
  t.strictSame(read(other, '{"weights":[[1]],"parts":[{"kind":"\\u0061","values":[1]}]}'), {
    document: { weights: [[1]], parts: [{ kind: 'a', values: [1] }] },
  });
});

t.test('errors and their pointers', async (t) => {
  const wrong: [value: string, pointer: string, detail: string][] = [
    ['"flag":1', '/flag', 'expected true or false, got 1: write true'],
    ['"title":""', '/title', 'expected a string that is not empty, got ""'],
    ['"title":[]', '/title', 'expected a string that is not empty, got a list'],
    ['"nothing":1', '/nothing', 'expected null, got 1'],
    ['"size":11', '/size', 'expected at most 10, got 11'],
    ['"size":-1', '/size', 'expected at least 0, got -1'],
    ['"size":1e999', '/size', 'expected a finite number, got a number beyond the range of float64'],
    ['"size":"1"', '/size', 'expected a finite number, got "1": write it without quotes'],
    ['"steps":0', '/steps', 'expected more than 0, got 0'],
    ['"steps":1.5', '/steps', 'expected an integer, got 1.5'],
    ['"counts":[1.5]', '/counts/0', 'expected an integer (a count), got 1.5'],
    ['"counts":[]', '/counts', 'expected at least 1 item, got none'],
    ['"counts":{}', '/counts', 'expected a list, got an object'],
    ['"counts":[[1],[2]]', '/counts', 'expected a list of integers, got 2 rows of 1: write a flat list, [1, 2]'],
    ['"counts":[0.5,1.5]', '/counts', 'expected integers (a count), got only numbers that are no integers, such as 0.5'],
    ['"parts":[]', '/parts', 'expected at least 1 item, got none'],
    ['"parts":{}', '/parts', 'expected a list, got an object: write [{...}]'],
    ['"parts":[1]', '/parts/0', 'expected an object, got 1'],
    ['"parts":[{"kind":"c","values":[1]}]', '/parts/0/kind', 'unknown name "c"; there are a, b'],
    ['"parts":[{"kind":1,"values":[1]}]', '/parts/0/kind', 'expected a name (a, b), got 1'],
    ['"parts":[{"kind":"a"}]', '/parts/0/values', 'expected a list, but the key is missing'],
    ['"choice":"x"', '/choice', 'expected a finite number or true or false or a list or an object, got "x"'],
    ['"choice":{}', '/choice/type', 'expected a name (left, right), but the key is missing'],
    ['"choice":{"type":"up","by":1}', '/choice/type', 'unknown side "up"; there are left, right'],
    ['"choice":{"type":1}', '/choice/type', 'expected a name (left, right), got 1'],
    ['"choice":{"type":"left","at":1}', '/choice/at', 'unknown key "at" of left; there are type, by'],
    ['"choice":[["a"]]', '/choice/0', 'expected a finite number, got a list'],
    ['"weights":1', '/weights', 'the key stands twice, again at line 1, column 18'],
    ['"":1', '/', 'unknown key ""; there are weights, counts, flag, title, size, steps, nothing, parts, choice'],
  ];
  for (const [value, pointer, detail] of wrong)
    t.strictSame(errorsOf(`{"weights":[[1]],${value}}`), { [pointer]: detail }, value);
  t.match(errorsOf('{"weights":[1]}'), {
    '/weights': 'expected rows (lists of numbers), got a flat list of 1 number: write [[1]]',
  });
  t.match(errorsOf('{"weights":[1e999,2]}'), {
    '/weights': 'expected rows (lists of numbers), got only numbers, such as a number',
  });
  t.match(errorsOf('{"weights":[[[1]]]}'), { '/weights/0/0': 'expected a finite number, got a list' });
  t.match(errorsOf('[1]'), { '': 'expected an object, got a list' });
  t.match(read(other, '{"weights":[[1]]} x'), {
    type: 'malformed-body',
    refused: { detail: /end of file expected|invalid symbol/ },
  });
});

t.test('unknown and missing keys are listed first, and are not crowded out', async (t) => {
  const many = JSON.stringify({ flag: 1, parts: Array(3).fill({ kind: 'c' }), weights: [[1, ...Array(30).fill('x')]], last: 1 });
  const { refused } = read(other, many.replace('"flag"', '"flg"')) as Refusal;
  t.match(refused.errors, [
    { pointer: '/flg' },
    { pointer: '/last' },
    { pointer: '/parts/0/values' },
    { pointer: '/parts/0/kind' },
  ]);
  t.equal(refused.errors?.length, 20);
  t.match(read(other, '{"parts":[{},{},{},{}]}'), {
    type: 'too-complex',
    refused: { errors: [{ pointer: '/parts', detail: 'there are more parts than the limit of 3 (MAX_LAYERS)' }] },
  });
  const keys = Array.from({ length: 1000 }, (_, i) => `"k${i}":0`).join();
  t.equal((read(other, `{"weights":[[1]],${keys}}`) as Refusal).refused.errors?.length, 20);
});

t.test('a schema that is not supported', async (t) => {
  const schema = Type.Object({ weights: Matrix(), at: Type.Date() });
  t.throws(() => new RequestSchema(schema, () => []), { message: 'no request may have a Date' });
  const keys = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`key${i}`, Type.Optional(Matrix())]));
  t.throws(() => new RequestSchema(Type.Object(keys), () => []), {
    message: 'no object of a request may have more than 31 keys',
  });
});

t.test('TypeBox stops after the number of errors that a problem document lists', async (t) => {
  const inspect = inspectorOf(Other);
  t.equal(inspect({ weights: [[1, ...Array(30).fill('x')]] }).length, 21, 'of a matrix');
  t.equal(inspect({ weights: [[1]], parts: Array(30).fill({ kind: 'c', values: [1] }) }).length, 21, 'of a list');
});

/** Removes null values of optional keys, which TypeBox would reject. */
function withoutNulls(schema: TSchema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  // An object with a `type` is a variant, whose other keys are optional.
  const required: string[] = schema.required ?? ['type'];
  const isKnown = (key: string) => 'type' in value || schema.properties?.[key] !== undefined;
  const kept = Object.entries(value).filter(([key, item]) => item !== null || required.includes(key) || !isKnown(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(schema.properties?.[key] ?? {}, item)]));
}

/** The paths of all values in a document. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [...(path.length > 0 ? [path] : []), ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

/** Sets the value at a path, if its parent exists. */
function put(document: unknown, path: readonly string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
  if (parent instanceof Object) (parent as Record<string, unknown>)[path.at(-1) as string] = value;
}

t.test('numbers beyond float64 are found beside other errors of a matrix', async (t) => {
  const schema = new RequestSchema(Type.Object({ weights: Matrix() }), () => []);
  const { refused } = read(schema, '{"weights":[[1,2],["a"],[1e5],[1e999],[-1E400]]}') as Refusal;
  t.strictSame(
    refused.errors?.map(({ pointer }) => pointer),
    ['/weights/1/0', '/weights/3/0', '/weights/4/0'],
  );
});

t.test('null is a value where the schema has it for a required key', async (t) => {
  const schema = new RequestSchema(Type.Object({ weights: Vector(), bound: Type.Union([Type.Null(), Type.Number()]) }), () => []);
  for (const bound of ['null', '3']) {
    const { document } = read(schema, `{"weights":[1],"bound":${bound}}`) as { document: unknown };
    t.strictSame(nested(document), { weights: [1], bound: JSON.parse(bound) });
  }
});

t.test('mutated requests: the reader refuses exactly those that JSON.parse, TypeBox and `conflicts` refuse', async (t) => {
  const schema = new RequestSchema(GradientsRequest, conflicts);
  const inspect = inspectorOf(GradientsRequest);
  const base = { ...validRequest(), loss: { type: 'huber', delta: 2 }, include: ['outputs'] };
  const pieces = fc.constantFrom(
    ...['null', '1', '"a"', '[]', '{}', 'true', '1e999', '[1]', '[[1]]', '"tanh"', '{"type":"elu"}', '"sum"', '-0', '2.5'],
  );
  const paths = pathsOf(base);
  const wrong: string[] = [];
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(paths.length - 1), pieces), { minLength: 1, maxLength: 2 }), (changes) => {
      const changed = structuredClone(base);
      for (const [k, piece] of changes) put(changed, paths[k], `@${piece}@`);
      const text = JSON.stringify(changed).replace(/"@(.*?)@"/g, (_, piece) => JSON.parse(`"${piece}"`));
      const result = read(schema, text);
      let expected = false;
      try {
        const document = withoutNulls(GradientsRequest, JSON.parse(text));
        expected = inspect(document).errors.length === 0 && conflicts(document).length === 0;
      } catch {
        expected = false;
      }
      if ('document' in result !== expected) wrong.push(text);
      if (expected) accepted++;
    }),
    { seed: 3, numRuns: 5000 },
  );
  t.strictSame(wrong, []);
  t.ok(accepted > 300, `${accepted} were accepted`);
});
