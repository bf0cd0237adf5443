// The state: changes, undo and redo, and the step that is shown.
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import { Computed } from '../../src/page/request/computed.ts';
import { sameExample } from '../../src/page/request/examples.ts';
import { forPage } from '../../src/page/request/for-page.ts';
import {
  answered,
  canRedo,
  canUndo,
  change,
  goToStep,
  jump,
  redo,
  request,
  START,
  source,
  step,
  undo,
  update,
  visit,
} from '../../src/page/state.ts';
import { currentStep, steps, top } from '../../src/page/steps/current.ts';
import { text } from '../../src/page/text/text.ts';
import { lastOnes } from '../../src/page/ui/lasting.ts';
import { gradients, startApp } from '../support/app.ts';

t.beforeEach(() => {
  visit.value = START;
});

t.test('undo and redo go through the requests, and leave the rest as it is', async (t) => {
  t.strictSame([canUndo.value, canRedo.value], [false, false]);
  undo();
  redo();
  t.equal(request.value, START.request, 'where there is nothing to undo');
  change(1, 'form');
  update({ view: 'code', draft: '{' });
  change(2, 'json');
  t.equal(source.value, 'json');
  t.equal(visit.value.draft, undefined, 'a request replaces a text that does not parse');
  undo();
  t.equal(request.value, 1);
  t.equal(source.value, 'undo');
  t.equal(visit.value.view, 'code');
  undo();
  t.equal(request.value, START.request);
  t.equal(canUndo.value, false);
  redo();
  redo();
  t.equal(request.value, 2);
  undo();
  change(3, 'form');
  t.equal(canRedo.value, false, 'another change takes the place of what was undone');
  change(4, 'train');
  change(5, 'train');
  undo();
  t.equal(request.value, 3, 'a training is undone as one');
});

t.test('Back and Forward are undo and redo of some changes at once; elsewhere, they are a change', async (t) => {
  for (const request of [1, 2, 3]) change({ request }, 'form');
  const at = (request: number) => ({ ...START, request: { request }, step: request });
  jump(at(1));
  t.strictSame(visit.value, at(1));
  t.equal(source.value, 'link');
  redo();
  t.strictSame(request.value, { request: 2 });
  jump(START);
  redo();
  t.strictSame(request.value, { request: 1 });
  jump(at(3));
  t.equal(canRedo.value, false);
  undo();
  jump(at(2));
  t.strictSame([request.value, canRedo.value], [{ request: 2 }, true], 'where it is already');
  jump(at(7));
  undo();
  t.strictSame(request.value, { request: 2 }, 'what no undo goes to becomes what redo goes to');
  redo();
  t.strictSame(request.value, { request: 7 });
});

t.test('what is kept of a list: its last items, as many as there is room for', async (t) => {
  t.strictSame(lastOnes([]), []);
  t.strictSame(lastOnes(['aaa', 'b', 'cc'], 7), ['b', 'cc'], '3 and 4 characters as JSON');
  t.strictSame(lastOnes(['aaa', 'b', 'cc'], 12), ['aaa', 'b', 'cc']);
  t.strictSame(lastOnes(['a', 'bbbbb', 'c'], 9), ['c'], 'and none before one that is too large');
  t.strictSame(lastOnes(['aaaaaaaa'], 5), []);
});

t.test('an example is the same object again after it was kept', async (t) => {
  t.equal(sameExample(JSON.parse(JSON.stringify(START.request))), START.request);
  const other = { ...examples.article.request, loss: 'mae' };
  t.equal(sameExample(other), other);
});

t.test('the step that is shown, within those that there are', async (t) => {
  t.equal(currentStep.value, undefined);
  t.equal(steps.value, undefined);
  t.equal(top.value, 1);
  const app = await startApp();
  const { request } = examples.article;
  const answer = await gradients(app, forPage(request));
  answered.value = { request, answer, run: new Computed(request, answer) };
  goToStep(10, [1, 2]);
  t.match(currentStep.value, { number: 10, last: 20, step: { formula: 'dW_3 = dZ_3 X_3^T' }, cell: [1, 2] });
  goToStep(99, [7, 7]);
  t.match(currentStep.value, { number: 20, step: { formula: 'dX_1 = W_1^T dZ_1' }, cell: [1, 1] });
  goToStep(3);
  t.equal(step.value, 3);
  t.equal(currentStep.value?.step.title, text.value.steps.weigh.title(2));
  t.equal(top.value, 10);
});
