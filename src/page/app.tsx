// The page: its head, the picture, and one view beside it.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Network } from './network/network.tsx';
import { pageExamples } from './request/examples.ts';
import { parametersOf } from './request/for-page.ts';
import { ProblemView } from './request/problem-view.tsx';
import { ProgressView } from './request/progress-view.tsx';
import {
  answered,
  canRedo,
  canUndo,
  change,
  digitChoices,
  digits,
  language,
  languages,
  phase,
  present,
  redo,
  request,
  undo,
  update,
  view,
} from './state.ts';
import { PresentBar } from './steps/present.tsx';
import { languageNames, languageTags, text } from './text/text.ts';
import { copyStatus } from './ui/copy.ts';
import { Announcer, show, Tabs, Tooltip, Value } from './ui/parts.tsx';
import { dark, toggleDark } from './ui/theme.ts';
import { views } from './views.tsx';

export function App(): JSX.Element {
  const t = text.value;
  const current = views.find(({ id }) => id === view.value) ?? views[0];
  const Shown = present.value ? views[0].component : current.component;
  return (
    <>
      <a class="skip" href="#content">
        {t.ui.skip}
      </a>
      <header>
        <Head />
        <Toolbar />
      </header>
      <ProblemView />
      <ProgressView />
      <main id="content" tabIndex={-1} class={answered.value && phase.value !== 'answered' ? 'old' : ''}>
        {answered.value && <Network of={answered.value} />}
        <div id="pane">
          <Tabs
            label={t.ui.views}
            tabs={views.map(({ id, tab }) => ({ id, label: tab(t) }))}
            selected={current.id}
            panel="view"
            select={(id) => update({ view: id as typeof current.id })}
          />
          <div id="view" role="tabpanel" aria-labelledby={`tab-${current.id}`}>
            <Shown />
          </div>
        </div>
      </main>
      {present.value && <PresentBar />}
      <Announcer />
      <Tooltip />
    </>
  );
}

function Head(): JSX.Element {
  const t = text.value.ui;
  return (
    <div class="top">
      <h1>{t.heading}</h1>
      <Facts />
      <nav aria-label={t.navigation}>
        <span class="hint" id="copy-status">
          {copyStatus.value}
        </span>
        <a href="docs">{t.docs}</a>
        <LanguageSwitch />
        <button type="button" id="theme" class="plain" aria-pressed={dark.value} onClick={toggleDark}>
          {t.dark}
        </button>
      </nav>
    </div>
  );
}

/** Goes to the next language, named in itself. */
function LanguageSwitch(): JSX.Element {
  const next = languages[(languages.indexOf(language.value) + 1) % languages.length];
  return (
    <button type="button" id="language" class="plain" lang={languageTags[next]} onClick={() => update({ language: next })}>
      {languageNames[next]}
    </button>
  );
}

function Toolbar(): JSX.Element {
  const t = text.value;
  return (
    <div class="toolbar">
      <fieldset class="bare" id="examples">
        <legend class="unseen">{t.request.examples}</legend>
        {pageExamples.map((example) => {
          const { title, text: about } = t.request.exampleTexts[example.name];
          return (
            <button
              type="button"
              key={example.name}
              data-example={example.name}
              aria-pressed={request.value === example.request}
              title={about}
              onClick={() => {
                change(example.request, 'example');
                update({ step: 0, cell: [0, 0], selection: undefined, sample: 0 });
              }}
            >
              {title}
            </button>
          );
        })}
      </fieldset>
      <span class="buttons">
        <button type="button" id="undo" class="small" disabled={!canUndo.value} onClick={undo}>
          {t.ui.undo}
        </button>
        <button type="button" id="redo" class="small" disabled={!canRedo.value} onClick={redo}>
          {t.ui.redo}
        </button>
        <label class="inline">
          {t.ui.digits}
          <select
            id="digits"
            value={`${digits.value}`}
            onChange={({ currentTarget: { value } }) => update({ digits: digitChoices.find((one) => `${one}` === value) ?? 3 })}
          >
            {digitChoices.map((one) => (
              <option key={one} value={`${one}`}>
                {t.ui.digitChoice(one)}
              </option>
            ))}
          </select>
        </label>
      </span>
    </div>
  );
}

/** The loss and what else is told in a number. */
function Facts(): JSX.Element | null {
  const of = answered.value;
  const last = useRef<{ shape: string; loss: number }>(undefined);
  const shape = of ? String([of.run.features, ...of.run.units]) : '';
  const before = last.current?.shape === shape ? last.current.loss : undefined;
  useEffect(() => {
    if (of) last.current = { shape, loss: of.answer.loss };
  }, [of, shape]);
  if (!of) return null;
  const t = text.value.ui;
  const { loss, gradient_norms } = of.answer;
  return (
    <dl id="summary">
      {phase.value !== 'answered' && (
        <div id="old">
          <dt>{t.outOfDate}</dt>
        </div>
      )}
      <div>
        <dt>{t.loss}</dt>
        <dd>
          <Value of={loss} id="loss-value" />
          {before !== undefined && before !== loss && <small> {t.before(show(before))}</small>}
        </dd>
      </div>
      <div>
        <dt>{t.parameters}</dt>
        <dd id="parameters">{parametersOf(of.request.network.layers)}</dd>
      </div>
      {gradient_norms && (
        <div>
          <dt>{t.gradientNorm}</dt>
          <dd>
            <Value of={gradient_norms.total} />
          </dd>
        </div>
      )}
    </dl>
  );
}
