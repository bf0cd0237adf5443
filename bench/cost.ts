// npm run bench:cost: compares the CPU time for unusual bodies of 64 KB with that for ordinary bodies.
import { COST_FACTOR, costTable, isWithin, measureCosts } from '../test/support/cost.ts';

const costs = await measureCosts();
console.log(costTable(costs));
const tooMuch = costs.filter((cost) => !isWithin(cost)).length;
console.log(`\n${tooMuch} of ${costs.length} kinds cost more than ${COST_FACTOR} times a plain body`);
if (tooMuch > 0) process.exitCode = 1;
