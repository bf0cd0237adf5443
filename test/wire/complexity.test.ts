// The layers of a document that tensors made, which no text shows.
import t from 'tap';
import { readConfig } from '../../src/config.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { checkLayers } from '../../src/wire/complexity.ts';

t.test('more layers than the limit, as many, and what is no list of layers', async (t) => {
  const limits = limitsOf(readConfig({ MAX_LAYERS: '2' }));
  t.throws(() => checkLayers([{}, {}, {}], limits), { message: 'there are more layers than the limit of 2 (MAX_LAYERS)' });
  t.doesNotThrow(() => checkLayers([{}, {}], limits));
  t.doesNotThrow(() => checkLayers('abc', limits));
});
