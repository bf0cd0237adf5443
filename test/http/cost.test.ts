// No body costs much more than an ordinary one of the same size: 64 KB are answered on the event loop, where other requests wait.
import t from 'tap';
import { boundOf, costTable, measureCosts } from '../support/cost.ts';
import { hasCpuTime } from '../support/cpu.ts';
import { short } from '../support/statistics.ts';

const options = { timeout: 120_000, skip: !hasCpuTime() && 'this system does not say what CPU time a process took' };

t.test('the cost of unusual bodies', options, async (t) => {
  const costs = await measureCosts();
  for (const line of costTable(costs).split('\n')) t.comment(line);
  for (const cost of costs) {
    const { kind, statuses, ratios } = cost;
    t.strictSame([...statuses], [kind.status], `${kind.name}: the status`);
    // What else runs on the machine, and garbage collection, make rounds of the same body differ by half and more. A body that costs too
    // much does so in every round; the medians are judged by `npm run bench:cost`.
    const ratio = Math.min(...ratios);
    t.ok(ratio <= boundOf(cost), `${kind.name}: ${short(ratio)} times a plain body, of at most ${boundOf(cost)}`);
  }
});
