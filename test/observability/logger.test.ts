// The log: JSON lines, or readable ones in a terminal.
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { createLogger } from '../../src/observability/logger.ts';

function logged(isTTY: boolean): string {
  const output = Object.assign(new PassThrough(), { isTTY });
  const logger = createLogger('info', output);
  logger.debug('not this');
  logger.info({ reqId: 'a' }, 'this');
  return `${output.read()}`;
}

t.test('JSON lines', async (t) => {
  t.match(JSON.parse(logged(false)), {
    level: 'info',
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    reqId: 'a',
    msg: 'this',
  });
});

t.test('lines go to a file together, a little later; a fatal one at once', async (t) => {
  const path = join(t.testdir(), 'log');
  const file = createWriteStream(path);
  await once(file, 'open');
  const logger = createLogger('info', file as Writable as Writable & { fd: number });
  const written = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).msg);
  logger.info('one');
  logger.info('two');
  t.strictSame(written(), []);
  while (written().length === 0) await setImmediate();
  t.strictSame(written(), ['one', 'two']);
  logger.info('three');
  logger.fatal('four');
  t.strictSame(written(), ['one', 'two', 'three', 'four'], 'at once, since the process may end');
});

t.test('readable in a terminal', async (t) => {
  t.match(logged(true), /^.*\d\d:\d\d:\d\d.*INFO.*: .*this.*\{"reqId":"a"\}\n$/);
});
