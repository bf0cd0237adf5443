// A short, fixed run of schemathesis, which makes requests from /openapi.json; npm run fuzz:api is longer.
import t from 'tap';
import { startService } from '../support/process.ts';
import { hasSchemathesis, PYTHON, runSchemathesis } from './schemathesis.ts';

/** The least number of answers of each kind: fewer would mean that less is tested than it seems. */
const least = {
  'POST /gradients application/json 200': 2,
  'POST /gradients application/json 400': 100,
  'POST /gradients application/json 422': 10,
  'POST /gradients application/vnd.safetensors 200': 5,
  'GET /problems/{type} no body 200': 10,
};

const skip = hasSchemathesis(PYTHON) ? false : `${PYTHON} has no schemathesis`;

t.test('schemathesis, with a fixed seed', { skip }, async (t) => {
  const service = await startService({ environment: { RATE_LIMIT: '0' }, keep: () => false });
  t.teardown(() => service.process.kill('SIGKILL'));
  const options = { seed: 2, examples: 30, phases: 'examples,coverage,fuzzing' };
  const { passed, output, answers } = await runSchemathesis(PYTHON, service, options);
  t.ok(passed, passed ? 'all checks' : output);
  for (const [what, n] of Object.entries(least)) t.ok(answers[what] >= n, `${what}: ${answers[what]}, at least ${n}`);
  t.strictSame(service.badLines, []);
});
