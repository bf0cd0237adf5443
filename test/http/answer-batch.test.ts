// Batches of small answers: each client gets its own answer.
import type { FastifyReply } from 'fastify';
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { AnswerBatch } from '../../src/http/answer-batch.ts';
import { gradients, startApp } from '../support/app.ts';

/** A request with one weight and `samples` samples, each with the same input: the loss is input². */
function squares(input: number, samples: number): GradientsRequest {
  return {
    network: { layers: [{ weights: [[1]] }] },
    batch: {
      inputs: Array.from({ length: samples }, () => [input]),
      targets: Array.from({ length: samples }, () => [0]),
    },
  };
}

t.test('requests that arrive in one turn of the event loop', async (t) => {
  const app = await startApp();
  const losses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const answers = await Promise.all(losses.map((input) => gradients(app, squares(input, 1))));
  t.strictSame(
    answers.map(({ loss }) => loss),
    losses.map((input) => input ** 2),
  );
});

t.test('answers are sent at the end of the turn, or four at once, or by send()', async (t) => {
  const batch = new AnswerBatch();
  const sent: string[] = [];
  const reply = { send: (answer: string) => sent.push(answer) } as object as FastifyReply;
  const add = (...answers: string[]) => {
    for (const answer of answers) batch.add(reply, answer);
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  add('a', 'b', 'c');
  t.strictSame(sent, []);
  await turn();
  t.strictSame(sent, ['a', 'b', 'c']);
  add('d', 'e', 'f', 'g', 'h');
  t.strictSame(sent.splice(0), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  batch.send();
  t.strictSame(sent.splice(0), ['h']);
  await turn();
  t.strictSame(sent, []);
});
