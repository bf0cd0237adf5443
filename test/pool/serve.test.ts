// The loop of a thread, run on the main thread.
import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { readConfig } from '../../src/config.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { answerPhases } from '../../src/operations/report.ts';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import { Control } from '../../src/pool/control.ts';
import type { FromThread, Outcome, PlacedTask } from '../../src/pool/messages.ts';
import { serve } from '../../src/pool/serve.ts';
import { validRequest } from '../support/app.ts';
import { read, SAFETENSORS } from '../support/safetensors-file.ts';
import { registry, taskOf } from './tasks.ts';

const shared = shareBudget(10_000, 2);
const said: [message: FromThread, transferred: ArrayBuffer[]][] = [];
const port = Object.assign(new EventEmitter(), {
  postMessage: (message: FromThread, transferred: ArrayBuffer[]) => said.push([message, transferred]),
});
serve(port, registry.operations, { engine: { name: 'portable' }, limits: limitsOf(readConfig({})), budget: shared, threads: 1 });

/** The outcome of a task. */
function answerTo(text: string, rest: Partial<PlacedTask> = {}) {
  port.emit('message', { ...taskOf(text), place: 1, ...rest });
  const [outcome, transferred] = said.pop() as [Outcome, ArrayBuffer[]];
  return { outcome, transferred };
}

t.test('it reports when it has loaded', async (t) => {
  t.strictSame(said, [['loaded', []]]);
});

t.test('an answer, whose buffer is transferred, with its report', async (t) => {
  const { outcome, transferred } = answerTo(JSON.stringify(validRequest()));
  t.ok('answer' in outcome);
  const answer = 'answer' in outcome ? outcome.answer : '';
  t.strictSame(transferred, typeof answer === 'string' ? [] : [answer.buffer]);
  t.match(JSON.parse(`${answer}`), { divisor: 2 });
  t.strictSame(Object.keys(outcome.report.phases), answerPhases);
  t.ok(outcome.began <= performance.timeOrigin + performance.now());
  // The pool frees the reservation when the request has ended.
  const budget = new Budget(shared);
  t.ok(budget.used > 0);
  budget.free(1);
});

t.test('an answer that fits goes back in the buffer of its body', async (t) => {
  const { bytes } = taskOf(`${JSON.stringify(validRequest())}${' '.repeat(2000)}`);
  const { transferred } = answerTo('', { bytes });
  t.equal(transferred[0], bytes.buffer);
  new Budget(shared).free(1);
});

t.test('an answer longer than its body, and one in safetensors', async (t) => {
  const row = Array.from({ length: 20 }, (_, i) => (i % 3) - 1);
  const network = { layers: [{ weights: [row], activation: 'tanh' }] };
  const request = { network, batch: { inputs: [row], targets: [[0.1]] }, include: ['trace', 'per_sample_gradients'] };
  const free = () => new Budget(shared).free(1);
  const answerOf = (rest: Partial<PlacedTask>) => {
    const { outcome } = answerTo(JSON.stringify(request), rest);
    free();
    if (!('answer' in outcome)) throw new Error('no answer');
    return Buffer.from(outcome.answer.buffer, outcome.answer.byteOffset, outcome.answer.length);
  };
  const text = answerOf({});
  t.ok(text.length > JSON.stringify(request).length);
  const { gradients } = JSON.parse(`${text}`);
  t.equal(gradients[0].weights[0].length, row.length);
  const { tensors } = read(answerOf({ answerType: SAFETENSORS }));
  t.strictSame(tensors.get('gradients.0.weights'), gradients[0].weights);
});

t.test('refusals are outcomes, other errors are thrown', async (t) => {
  t.match(answerTo('{'), { outcome: { refusal: { type: 'malformed-body' }, report: { phases: {} } }, transferred: [] });
  t.throws(() => answerTo('{}', { mediaType: 'none' as 'application/json' }), { name: 'TypeError' });
});

t.test('memory reserved for other requests leaves no room', async (t) => {
  new Budget(shared).reserve(2, 9_500, 0);
  t.match(answerTo(JSON.stringify(validRequest())).outcome, { refusal: { type: 'overloaded' } });
});

t.test('a thread that is to join a team helps until it is sent away', async (t) => {
  const control = new Control();
  control.end();
  port.emit('message', { control: control.memory, member: 0, port: new MessageChannel().port1 });
  t.strictSame(said.pop(), ['helped', []]);
});

t.test(
  'help is wanted with a computation of some milliseconds in several parts, from as many threads as have memory',
  async (t) => {
    const units = 512;
    const column = (n: number) => Array.from({ length: n }, (_, i) => [i / n]);
    const requestOf = (samples: number) => ({
      network: { layers: [{ weights: column(units), activation: 'tanh' }, { weights: [column(units).flat()] }] },
      batch: { inputs: column(samples), targets: column(samples) },
    });
    const wantedWith = (threads: number, bytes: number, samples = 1100) => {
      const { data, emitter, messages } = serving(threads, bytes);
      serve(emitter, registry.operations, data);
      emitter.emit('message', { ...taskOf(JSON.stringify(validRequest())), place: 1 });
      emitter.emit('message', { ...taskOf(requestOf(samples)), place: 1 });
      t.match(messages.at(-1), { answer: Uint8Array });
      return messages.filter((message) => typeof message === 'object' && 'ports' in message);
    };
    t.match(wantedWith(3, 2 ** 30), [{ ports: { length: 2 } }]);
    t.strictSame(wantedWith(1, 2 ** 30), []);
    t.strictSame(wantedWith(3, 2 ** 30, 512), [], 'a single part');
    t.match(wantedWith(3, 30_000_000), [{ ports: { length: 1 } }]);
  },
);

/** The data of a thread, and what it says. */
function serving(threads: number, bytes: number) {
  const messages: FromThread[] = [];
  const emitter = Object.assign(new EventEmitter(), { postMessage: (message: FromThread) => messages.push(message) });
  const data = {
    engine: { name: 'portable' },
    limits: limitsOf(readConfig({})),
    budget: shareBudget(bytes, 2),
    threads,
  } as const;
  return { data, emitter, messages };
}
