// Writing documents of numbers as JSON: JSON.parse gives the same documents.
import t from 'tap';
import { tensor } from '../../schemas/numbers.ts';
import { size, writeLong, writeShort } from '../../src/wire/json-writer.ts';

const document = {
  loss: 0.1,
  empty: {},
  none: [],
  row: Float64Array.of(1, -2.5, 1e-300),
  layers: [{ weights: tensor([2, 3], Float64Array.of(1, 2, 3, 4, 5, 6)) }, { weights: tensor([1, 1], Float64Array.of(-0.5)) }],
  cube: tensor([2, 2, 1], Float64Array.of(1, 2, 3, 4)),
};
const expected = {
  loss: 0.1,
  empty: {},
  none: [],
  row: [1, -2.5, 1e-300],
  layers: [
    {
      weights: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
    { weights: [[-0.5]] },
  ],
  cube: [
    [[1], [2]],
    [[3], [4]],
  ],
};

t.test("in the kernel's memory, and in a buffer", async (t) => {
  t.strictSame(JSON.parse(writeShort(document) as string), expected);
  const buffer = Buffer.alloc(size(document));
  t.strictSame(JSON.parse(buffer.toString('utf8', 0, writeLong(document, buffer))), expected);
});

t.test("a document too long for the kernel's memory", async (t) => {
  const texts = { items: Array.from({ length: 200_000 }, () => []) };
  t.equal(writeShort(texts), undefined, 'by its brackets');
  t.equal(writeShort({ [`k${'e'.repeat(1_000_000)}y`]: 1 }), undefined, 'by a key');
  t.equal(writeShort({ items: Array.from({ length: 200_000 }, () => ({})) }), undefined, 'by its objects');
  t.equal(writeShort({ row: new Float64Array(200_000) }), undefined, 'by its numbers');
  t.equal(writeShort({ items: new Array(200_000).fill(1) }), undefined, 'by numbers that stand alone');
});
