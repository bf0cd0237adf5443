// The steps: how to go from one to another, and the one that is shown.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { answered, goToStep, sample, update } from '../state.ts';
import { text } from '../text/text.ts';
import { Formula, say } from '../ui/math.tsx';
import { announce } from '../ui/parts.tsx';
import { type Current, currentStep, steps } from './current.ts';
import { hintsOn } from './hints.ts';
import { Letters } from './letters.tsx';
import { cellOf } from './links.ts';
import { StepCard } from './step-card.tsx';
import { groupsOf, type StepGroup } from './steps.ts';

/** Goes to a step, within those that there are, and says it. */
export function go(number: number): void {
  const [all, of] = [steps.value, answered.value];
  if (!all || !of) return;
  const to = Math.max(0, Math.min(all.places.length - 1, number));
  if (to === currentStep.value?.number) return;
  goToStep(to, cellOf(of.run, all.places[to].kind, sample.peek(), [0, 0]));
  update({ selection: undefined });
  const { title, formula } = all.at(to);
  announce(`${text.value.steps.stepOf(to + 1, all.places.length, title)}. ${say(formula)}`);
}

export default function StepsView(): JSX.Element | null {
  useEffect(listenToKeys, []);
  const [current, of] = [currentStep.value, answered.value];
  if (!current || !of) return null;
  const t = text.value.steps;
  const hints = hintsOn(of.run, t);
  return (
    <section id="steps" aria-labelledby="step-title">
      <Stepper current={current} />
      <StepList current={current} />
      {hints.length > 0 && (
        <details class="hints" open>
          <summary>{t.hints.title}</summary>
          {hints.map((hint) => (
            <p key={hint}>{hint}</p>
          ))}
        </details>
      )}
      <StepCard of={of} current={current} go={go} />
    </section>
  );
}

const keys: Record<string, (current: number, last: number) => number> = {
  ArrowLeft: (current) => current - 1,
  ArrowRight: (current) => current + 1,
  Home: () => 0,
  End: (_, last) => last,
};

/** Arrow keys go from step to step wherever no field needs them. */
function listenToKeys(): () => void {
  const listen = (event: KeyboardEvent) => {
    const to = keys[event.key];
    const current = currentStep.value?.number;
    if (!to || current === undefined || !steps.value) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if ((event.target as HTMLElement).closest?.('input, select, textarea, pre, .scroller[tabindex], [role=tab], .cm-host'))
      return;
    event.preventDefault();
    go(to(current, steps.value.places.length - 1));
  };
  document.addEventListener('keydown', listen);
  return () => document.removeEventListener('keydown', listen);
}

const shapes = {
  first: 'M3.5 3v10M13 3 6 8l7 5z',
  previous: 'M11.5 3 4.5 8l7 5z',
  next: 'M4.5 3l7 5-7 5z',
  last: 'M12.5 3v10M3 3l7 5-7 5z',
};

interface StepButtonProps {
  readonly to: keyof typeof shapes;
  readonly label: string;
  readonly primary?: boolean;
  readonly id?: string;
}

export function StepButton({ to, label, primary = false, id = `step-${to}` }: StepButtonProps): JSX.Element {
  const current = currentStep.value?.number ?? 0;
  const last = (steps.value?.places.length ?? 1) - 1;
  const target = { first: 0, previous: current - 1, next: current + 1, last }[to];
  return (
    <button
      type="button"
      id={id}
      aria-label={label}
      class={primary ? 'primary' : ''}
      disabled={target < 0 || target > last || target === current}
      onClick={() => go(target)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={shapes[to]} />
      </svg>
    </button>
  );
}

function Stepper({ current: { number, step } }: { current: Current }): JSX.Element {
  const t = text.value.steps;
  const count = steps.value?.places.length ?? 1;
  return (
    <fieldset class="bare stepper">
      <legend class="unseen">{t.tab}</legend>
      <StepButton to="first" label={t.first} />
      <StepButton to="previous" label={t.previous} />
      <input
        type="range"
        id="step-slider"
        aria-label={t.slider}
        aria-valuetext={t.stepOf(number + 1, count, step.title)}
        title={t.keys}
        min={0}
        max={count - 1}
        value={number}
        onInput={({ currentTarget }) => go(currentTarget.valueAsNumber)}
      />
      <StepButton to="next" label={t.next} primary />
      <StepButton to="last" label={t.last} />
      <output id="step-count" for="step-slider">
        {t.count(number + 1, count)}
      </output>
      <Letters />
      <button type="button" id="present" onClick={() => update({ present: true })}>
        {t.present}
      </button>
    </fieldset>
  );
}

/** All steps: the layers forward, the loss, the layers backward; of the current part each step. */
function StepList({ current: { number } }: { current: Current }): JSX.Element | null {
  const all = steps.value;
  if (!all) return null;
  const t = text.value.steps;
  const symbol = (n: number) => all.places[n].kind;
  const entry = ({ phase, layer, steps: numbers }: StepGroup) => {
    const isCurrent = numbers.includes(number);
    const kind = symbol(numbers[0]) as keyof typeof t.single;
    const label = phase === 'loss' || layer === undefined ? t.single[kind] : t.layerOf(phase, layer + 1);
    return (
      <li key={`${phase} ${layer}`} class={isCurrent ? 'current' : ''}>
        <button
          type="button"
          aria-label={label}
          title={label}
          aria-current={isCurrent ? 'step' : undefined}
          onClick={() => go(numbers[0])}
        >
          {layer === undefined ? kind : layer + 1}
        </button>
        {isCurrent && numbers.length > 1 && (
          <span class="parts">
            {numbers.map((n) => (
              <button
                type="button"
                key={n}
                aria-label={symbol(n)}
                class={n === number ? 'on' : ''}
                title={all.at(n).title}
                onClick={() => go(n)}
              >
                <Formula of={symbol(n)} />
              </button>
            ))}
          </span>
        )}
      </li>
    );
  };
  const groups = groupsOf(all);
  return (
    <nav class="step-list" aria-label={t.list}>
      {(['forward', 'loss', 'backward'] as const).map((phase) => (
        <ol key={phase} data-phase={phase}>
          {phase !== 'loss' && <li class="phase-name">{t.phases[phase]}</li>}
          {groups.filter((group) => group.phase === phase).map(entry)}
        </ol>
      ))}
    </nav>
  );
}
