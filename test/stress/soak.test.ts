// A short soak test: some hundred requests, a few threads that die, and clients that disconnect at any time. See npm run soak.
import t from 'tap';
import { soak } from './soak.ts';

t.test('every well-formed request gets its own answer, whatever the others do', async (t) => {
  const { measured, demands } = await soak({
    seed: 1,
    seconds: 60,
    requests: 400,
    killEvery: 100,
    cases: { small: 20, large: 8 },
  });
  // Growth of memory shows only after minutes.
  for (const { demand, saw, met } of demands.filter(({ demand }) => !demand.startsWith('the memory')))
    t.ok(met, `${demand}: ${saw}`);
  const counts = new Map(measured);
  t.match(Object.fromEntries(counts), { 'threads ended': 4, 'gone while it is computed': Number, 'bad requests': Number });
});
