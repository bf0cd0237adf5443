// Texts in answers: escaped to ASCII, in short and in long documents.
import t from 'tap';
import { encode } from '../../src/wire/json.ts';

const texts = { text: 'tanh′ "at" z\n', none: null, yes: true, list: ['ä', 'b'] };

t.test('a short document', async (t) => {
  const encoded = encode(texts, new ArrayBuffer(0));
  t.equal(typeof encoded, 'string');
  t.strictSame(JSON.parse(`${encoded}`), texts);
  t.match(encoded, /\\u2032/);
});

t.test('a long document', async (t) => {
  const numbers = new Float64Array(100_000).fill(0.1);
  const encoded = encode({ ...texts, numbers }, new ArrayBuffer(0));
  t.ok(Buffer.isBuffer(encoded));
  const { numbers: read, ...rest } = JSON.parse(`${encoded}`);
  t.strictSame(rest, texts);
  t.equal(read.length, numbers.length);
});
