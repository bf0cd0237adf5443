// No body is read again and again, whatever is wrong with it. What that costs in time is measured by npm run fuzz:cost.
import t from 'tap';
import { readConfig } from '../../src/config.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { operations } from '../../src/operations/registry.ts';
import { Refusal } from '../../src/refusal.ts';
import { RequestSchema } from '../../src/wire/request-schema.ts';
import { BODY_BYTES, oddBodies } from '../support/odd-bodies.ts';
import { costly } from './costly.ts';

const [{ request, conflicts }] = operations;
const schema = new RequestSchema(request, conflicts);
const limits = limitsOf(readConfig({}));

/** How often each byte may be read, on average: copied, scanned, scanned for what is wrong, surveyed for hints, and shown. */
const MOST_READS = 13;

/** How often the bytes of a text are read while it is read as a request. */
function readsOf(body: Buffer): number {
  let reads = 0;
  const counted = new Proxy(body, {
    get(target, key) {
      if (typeof key === 'string' && /^\d/.test(key)) {
        reads++;
        return target[Number(key)];
      }
      const value = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...parts: unknown[]) => {
        const result = value.apply(target, parts);
        reads += (result as { length?: number }).length ?? 0;
        return result;
      };
    },
  });
  try {
    schema.read(counted, limits, new Scratch());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return reads;
}

t.test('odd bodies', async (t) => {
  for (const { name, format, body } of oddBodies) {
    if (format !== 'json') continue;
    const each = readsOf(body) / body.length;
    t.ok(each <= MOST_READS, `${name}: ${each.toFixed(1)} reads per byte, at most ${MOST_READS}`);
  }
});

t.test('mutated bodies', async (t) => {
  let tried = 0;
  for (let index = 0; tried < 150; index++) {
    const { format, body, story } = costly(1, index);
    t.equal(body.length, BODY_BYTES);
    if (format !== 'json') continue;
    tried++;
    const each = readsOf(body) / body.length;
    t.ok(each <= MOST_READS, `${index} (${story}): ${each.toFixed(1)} reads per byte, at most ${MOST_READS}`);
  }
});
