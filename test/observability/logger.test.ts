// The log: JSON lines, and readable ones in a terminal.
import { PassThrough } from 'node:stream';
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
  t.match(JSON.parse(logged(false)), { level: 30, reqId: 'a', msg: 'this' });
});

t.test('readable in a terminal', async (t) => {
  t.match(logged(true), /^.*\d\d:\d\d:\d\d.*INFO.*: .*this.*\{"reqId":"a"\}\n$/);
});
