// What otherwise happens in a thread, on this one: hostile bodies, and bounds.
import t from 'tap';
import type { GradientsRequest } from '../schemas/gradients.ts';
import { answer } from '../src/answer.ts';
import { mlMatrix } from '../src/linalg/ml-matrix.ts';
import { Refusal } from '../src/refusal.ts';

function refused(body: string, memory = 2 ** 30) {
  try {
    const bytes = new Uint8Array(Buffer.from(body));
    answer({ bytes, mediaType: 'application/json', accept: 'application/json' }, mlMatrix, { memory });
  } catch (error) {
    if (error instanceof Refusal) return { type: error.type, ...error.refused };
    throw error;
  }
  return undefined;
}

t.test('nesting deeper than any stack', async (t) => {
  t.match(refused('['.repeat(100_000)), { type: 'malformed-body', detail: 'not JSON: Unexpected end of JSON input' });
  const nested = `${'['.repeat(100_000)}":"${']'.repeat(100_000)}`;
  t.match(refused(nested), { type: 'invalid-request', errors: [{ pointer: '', detail: 'expected an object, got a list' }] });
});

t.test('the memory that a request takes', async (t) => {
  const request: GradientsRequest = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[1]] } };
  // X, dX, Z, A, dA, dZ, a weight and room for a bias in float64; and the weight's gradient, and the bias's, as text.
  const needed = 8 * 8 + 2 * 31;
  t.equal(refused(JSON.stringify(request), needed), undefined);
  const detail = `the values asked for take up to ${needed} bytes, more than the limit of ${needed - 1} bytes (MAX_MEMORY)`;
  t.strictSame(refused(JSON.stringify(request), needed - 1), {
    type: 'too-much-memory',
    detail,
    errors: [{ pointer: '/batch/inputs', detail }],
  });
  const withOutputs = JSON.stringify({ ...request, include: ['outputs'] });
  t.match(refused(withOutputs, needed), { errors: [{ pointer: '/include' }] });
});
