// "Check mine" in a browser: twelve wrong backward passes, printed by different languages, are pasted and named.
import t from 'tap';
import { fromHash, toHash } from '../../../src/page/address.ts';
import { START } from '../../../src/page/state.ts';
import { checkOf, type Wrong } from '../../check/corpus.ts';
import { wrongFlow } from '../../check/corpus-flow.ts';
import { wrongLosses } from '../../check/corpus-loss.ts';
import { wrongParameters } from '../../check/corpus-parameters.ts';
import { wrongSlopes } from '../../check/corpus-slopes.ts';
import { answered, noBrowser, openPage, openService } from '../browser.ts';

type Rows = number[][];
interface Gradients {
  readonly weights: Rows;
  readonly biases: number[];
}
type Print = (name: string, rows: Rows) => string;

const table = (rows: Rows, digits: number) =>
  rows.map((row) => row.map((x) => x.toExponential(digits).padStart(digits + 9)).join(' '));

/** How each language prints a matrix. */
const prints: Record<string, Print> = {
  JSON: (name, rows) => `"${name}": ${JSON.stringify(rows)},`,
  NumPy: (name, rows) => `${name} = [[${table(rows, 8).join(']\n [')}]]`,
  'NumPy, repr': (name, rows) =>
    `>>> ${name}\narray([[${rows.map((row) => row.map((x) => x.toFixed(9)).join(', ')).join('],\n       [')}]])`,
  PyTorch: (name, rows) =>
    `${name} tensor([[${rows.map((row) => row.map((x) => x.toExponential(6)).join(', ')).join('],\n        [')}]], dtype=torch.float64)`,
  R: (name, rows) =>
    `> ${name}\n${rows[0].map((_, j) => `[,${j + 1}]`).join(' ')}\n${table(rows, 7)
      .map((row, i) => `[${i + 1},] ${row}`)
      .join('\n')}`,
  'R, wrapped': (name, rows) =>
    [
      `> ${name}`,
      ...rows[0].flatMap((_, j) => [`    [,${j + 1}]`, ...rows.map((row, i) => `[${i + 1},] ${row[j].toExponential(7)}`)]),
    ].join('\n'),
  MATLAB: (name, rows) =>
    `${name} =\n\n   1.0e-03 *\n\n${rows.map((row) => row.map((x) => (x * 1000).toFixed(6)).join('   ')).join('\n')}\n`,
  'Octave, wide': (name, rows) =>
    `${name} =\n\n${rows[0].map((_, j) => ` Column ${j + 1}:\n\n${rows.map((row) => `   ${row[j].toExponential(9)}`).join('\n')}\n`).join('\n')}`,
  CSV: (name, rows) => `${name}\n${rows.map((row) => row.join(',')).join('\n')}\n`,
  TSV: (name, rows) => `${name}\n${rows.map((row) => row.join('\t')).join('\n')}\n`,
  Julia: (name, rows) => `${name} = [${rows.map((row) => row.join(' ')).join('; ')}]`,
  Ruby: (name, rows) => `${name} = ${JSON.stringify(rows).replaceAll(',', ', ')}`,
};

const wanted = [
  'factor-half',
  'summed-not-averaged',
  'sign-reversed',
  'derivative-at-pre-activation',
  'derivative-left-out',
  'weights-from-pre-activations',
  'weights-of-one-sample',
  'bias-of-one-sample',
  'inputs-from-output-gradients',
  'softmax-derivative-on-top',
  'target-not-subtracted',
  'averaged-twice',
];

/** The gradients of a wrong program, as a language prints them. */
function textOf(wrong: Wrong, print: Print): string {
  const { candidate } = checkOf(wrong, false) as unknown as { candidate: { gradients: Gradients[] } };
  return candidate.gradients
    .flatMap(({ weights, biases }, k) => [print(`dW${k + 1}`, weights), print(`db${k + 1}`, [biases])])
    .join('\n');
}

t.test('check mine in a browser', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  const corpus = [...wrongSlopes, ...wrongLosses, ...wrongParameters, ...wrongFlow];
  const { page, complaints, requests } = await openPage(browser, service.url.href);
  await page.click('#tab-check');
  const languages = Object.entries(prints);
  for (const [i, mistake] of wanted.entries()) {
    const wrong = corpus.find((one) => one.mistake === mistake && !one.needsTrace) as Wrong;
    const [language, print] = languages[i];
    const { candidate: _, ...request } = checkOf(wrong, false);
    await page.evaluate((hash) => location.assign(hash), await toHash({ ...START, request, view: 'check' }));
    await answered(page);
    await page.fill('#paste', '');
    await page.fill('#paste', textOf(wrong, print));
    await page.waitForSelector('#diagnoses, #paste-error, #check-problem');
    const named = await page.$$eval('#diagnoses [data-mistake]', (all) => all.map((one) => one.getAttribute('data-mistake')));
    t.ok(
      named.includes(mistake),
      `${mistake}, printed by ${language}: ${named.join(', ')} ${await page.textContent('#verdict')}`,
    );
  }
  t.ok(await page.locator('.edge.marked-wrong, .unit.marked-wrong').count(), 'in the picture');
  t.match(await page.textContent('.diagnosis .lines .right'), /\w/, 'with the right line');
  const described = requests.filter((url) => url.includes('/mistakes/'));
  t.ok(described.length >= wanted.length, 'each is read once');
  t.strictSame(
    described.filter((url) => !url.endsWith('?lang=en')),
    [],
    'in the language of the page, not of the browser',
  );

  const before = await page.inputValue('#paste');
  await page.reload();
  await page.waitForSelector('#diagnoses');
  t.equal(await page.inputValue('#paste'), before, 'a reload keeps what was pasted');
  await page.click('#show-step');
  await page.waitForSelector('#step');
  await page.goBack();
  await page.waitForSelector('#diagnoses');
  t.equal(await page.inputValue('#paste'), before, 'and so does the way back');
  t.equal((await fromHash(new URL(page.url()).hash))?.view, 'check');

  await page.click('[data-example=article]');
  await answered(page);
  await page.click('#try-wrong');
  await page.waitForSelector('[data-mistake=averaged-twice], [data-mistake=constant-factor]');
  await page.fill('#paste', 'dW1 = [[0.1, ..., 0.2]]');
  t.match(await page.textContent('#paste-error'), /^dW1 is cut off/);
  await page.click('#clear-paste');
  t.equal(await page.locator('#verdict, #paste-error, #diagnoses').count(), 0);
  await page.click('#undo');
  await answered(page);
  t.strictSame(complaints, [], 'no complaints of the browser');
});
