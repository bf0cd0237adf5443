// What is to be done at the end of an exchange is done once, whenever it was registered.
import t from 'tap';
import { Exchange } from '../../src/http/exchange.ts';

t.test('callbacks before and after the end', async (t) => {
  const exchange = new Exchange(undefined);
  const called: string[] = [];
  exchange.atEnd(() => called.push('first'));
  exchange.atEnd(() => called.push('second'));
  t.strictSame(called, []);
  exchange.end();
  t.strictSame(called, ['first', 'second']);
  exchange.atEnd(() => called.push('late'));
  t.strictSame(called, ['first', 'second', 'late'], 'at once');
});
