// Which connections are cut off because they send much and no request. The flood itself is in unread-endless.test.ts.
import type { Socket } from 'node:net';
import { mock } from 'node:test';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { cutOffFloods } from '../../src/http/connections.ts';
import type { Exchanges } from '../../src/http/exchange.ts';
import { endingSockets } from '../../src/http/unread.ts';

t.test('only a connection without a request, an answer, or a body that is drained', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const cutOff: string[] = [];
  const connection = (name: string) => ({ bytesRead: 0, bytesWritten: 0, destroy: () => cutOff.push(name) });
  const named = {
    flood: connection('flood'),
    quiet: connection('quiet'),
    'in flight': connection('in flight'),
    answered: connection('answered'),
    drained: connection('drained'),
  };
  const sockets = named as unknown as Record<keyof typeof named, Socket>;
  endingSockets.add(sockets.drained);
  const hooks: (() => Promise<void>)[] = [];
  cutOffFloods(
    { addHook: (_name: string, hook: () => Promise<void>) => hooks.push(hook) } as unknown as FastifyInstance,
    { busySockets: new Set([sockets['in flight']]) } as unknown as Exchanges,
    new Set(Object.values(sockets)),
  );
  mock.timers.tick(1_000);
  for (const connection of Object.values(named)) connection.bytesRead += connection === named.quiet ? 2 ** 17 : 2 ** 20;
  named.answered.bytesWritten += 100;
  mock.timers.tick(1_000);
  t.strictSame(cutOff, ['flood']);
  for (const hook of hooks) await hook();
  named.quiet.bytesRead += 2 ** 20;
  mock.timers.tick(1_000);
  t.strictSame(cutOff, ['flood'], 'an application that is closed checks nothing');
});
