// The page: one request, its answer, and all that shows the two.
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { buildForm } from './builder.ts';
import { Code, copyLink } from './code.ts';
import { byId, el, setPhase } from './dom.ts';
import { JsonEditor } from './json-editor.ts';
import { fieldOf, type Located, showProblem } from './problems.ts';
import { forPage, type Problem } from './request/api.ts';
import { downhill, isRequest } from './request/edit.ts';
import { pageExamples } from './request/examples.ts';
import { fromLink } from './request/link.ts';
import { type Description, readDescription } from './request/schema.ts';
import { Results } from './results.ts';
import { Sender } from './sender.ts';
import { type Source, State } from './state.ts';
import { tabs } from './tabs.ts';
import { watchTheme } from './theme.ts';

/** Requests of more characters are computed only when somebody asks for it. */
const SMALL = 60_000;

const NOTHING: Description = { activations: [], losses: [], formulas: { activations: new Map(), losses: new Map() } };

const state = new State(pageExamples[0].request);
const results = new Results((gradients, rate) => {
  if (isRequest(state.request)) state.set(downhill(state.request, gradients, rate), 'step');
});
const code = new Code();
const editor = new JsonEditor((request) => state.set(request, 'json'));
let description = NOTHING;

const sender = new Sender({
  answer(request, answer) {
    showProblem(undefined, goTo);
    editor.showProblems([]);
    return results.show(request, answer);
  },
  problem(problem) {
    results.age(true);
    showProblem(problem, goTo);
    editor.showProblems(problem.errors ?? []);
    byId('key-field').hidden &&= problem.status !== 401;
  },
});

const panel = tabs(
  'How to edit the request',
  [
    { id: 'form', label: 'Form' },
    { id: 'json', label: 'JSON' },
  ],
  (id) => `panel-${id}`,
  (id) => {
    byId('panel-form').hidden = id !== 'form';
    byId('panel-json').hidden = id !== 'json';
    editor.show(id === 'json');
  },
);

function form(): void {
  buildForm(state.request, {
    description,
    change(request, rebuild) {
      state.set(request, 'form');
      if (rebuild) form();
    },
  });
}

function goTo({ pointer }: Located): void {
  byId<HTMLDetailsElement>('request-body').open = true;
  const field = byId('panel-json').hidden ? fieldOf(pointer) : undefined;
  if (!field) {
    panel.select('json');
    editor.goTo(pointer);
    return;
  }
  for (let parent = field.closest('details'); parent; parent = parent.parentElement?.closest('details') ?? null)
    parent.open = true;
  const target = field.matches('input, select') ? field : (field.querySelector<HTMLElement>('input, select') ?? field);
  target.focus();
  target.scrollIntoView({ block: 'center' });
}

let waiting: ReturnType<typeof setTimeout> | undefined;

/** Computes what is small as soon as nobody types any more. */
function computeSoon(source: Source): void {
  clearTimeout(waiting);
  setPhase('waiting');
  results.age(true);
  const typed = source === 'form' || source === 'json';
  if (typed && JSON.stringify(state.request).length > SMALL) {
    byId('compute-hint').textContent = 'Changed. It is large, so it is computed when you say so.';
    return;
  }
  waiting = setTimeout(compute, typed ? 250 : 0);
}

function compute(): void {
  clearTimeout(waiting);
  byId('compute-hint').textContent = '';
  const { request } = state;
  const wanted = isRequest(request) ? forPage(request) : request;
  sender.send(wanted as GradientsRequest, byId<HTMLInputElement>('key').value.trim());
}

state.listen((request, source) => {
  if (source !== 'form') form();
  if (source !== 'json') editor.set(request);
  if (source !== 'example')
    for (const button of byId('examples').querySelectorAll('button')) button.setAttribute('aria-pressed', 'false');
  if (source !== 'example' && source !== 'step') byId('example-text').textContent = '';
  code.set(request as GradientsRequest);
  computeSoon(source);
});

function showExamples(): void {
  const buttons = pageExamples.map(({ name, title, description: text, request }) => {
    const button = el('button', { type: 'button', 'aria-pressed': false, 'data-example': name }, title);
    button.addEventListener('click', () => {
      state.set(request, 'example');
      for (const other of buttons) other.setAttribute('aria-pressed', `${other === button}`);
      byId('example-text').textContent = text;
    });
    return button;
  });
  byId('examples').replaceChildren(...buttons);
}

/** Tells of what went wrong before the service was asked. */
function fault(title: string, error: unknown): void {
  const problem: Problem = { title, detail: (error as Error).message };
  showProblem(problem, goTo);
}

async function openFile(file: File | undefined): Promise<void> {
  if (!file) return;
  try {
    state.set(JSON.parse(await file.text()), 'file');
  } catch (error) {
    fault(`${file.name} cannot be read`, error);
  }
}

/** Whether the address holds a request, which is then the page's. */
async function openLink(): Promise<boolean> {
  try {
    const request = await fromLink(location.hash);
    if (request === undefined) return false;
    state.set(request, 'link');
    return true;
  } catch (error) {
    fault('The link cannot be read', error);
    return false;
  }
}

function listen(): void {
  byId('compute').addEventListener('click', compute);
  byId('key').addEventListener('change', compute);
  byId('copy-link').addEventListener('click', () => copyLink(state.request));
  const file = byId<HTMLInputElement>('file');
  file.addEventListener('change', async () => {
    await openFile(file.files?.[0]);
    file.value = '';
  });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    openFile(event.dataTransfer?.files[0]);
  });
  addEventListener('hashchange', openLink);
}

async function start(): Promise<void> {
  byId<HTMLDetailsElement>('request-body').open = matchMedia('(min-width: 64rem)').matches;
  byId('request-tabs').replaceChildren(panel.list);
  panel.select('form');
  showExamples();
  listen();
  watchTheme(() => results.redraw());
  try {
    const response = await fetch(new URL('openapi.json', document.baseURI));
    description = readDescription(await response.json());
  } catch (error) {
    fault('The description of the service cannot be read', error);
  }
  results.formulas = description.formulas;
  if (!(await openLink())) byId('examples').querySelector('button')?.click();
}

await start();
