// Replicas behind nginx, under load: one is killed, one is drained, and new ones replace them. See npm run replicas.
import t from 'tap';
import { noNginx } from './balancer.ts';
import { replicas } from './replicas.ts';

t.test('clients do not notice that a replica is killed or drained', { skip: noNginx() ?? false }, async (t) => {
  const { demands, log } = await replicas({ seed: 1, requests: 150, cases: { small: 20, large: 8 } });
  for (const { demand, saw, met } of demands) t.ok(met, `${demand}: ${saw}`, { log });
});
