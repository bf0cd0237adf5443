// Presenting: only the picture and the step, in large type, by the keys of a presenter or by themselves.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { update } from '../state.ts';
import { text } from '../text/text.ts';
import { dark, toggleDark } from '../ui/theme.ts';
import { currentStep, steps } from './current.ts';
import { go, StepButton } from './steps-view.tsx';

/** How long a step is shown by itself, in milliseconds. */
const PACE = 5_000;

const playing = signal(false);

function end(): void {
  update({ present: false });
}

function move(by: number): void {
  const current = currentStep.peek()?.number;
  if (current !== undefined) go(current + by);
}

const keys: Record<string, () => void> = {
  PageDown: () => move(1),
  PageUp: () => move(-1),
  Escape: end,
  ' ': () => {
    playing.value = !playing.peek();
  },
};

function listenToKeys(): () => void {
  const listen = (event: KeyboardEvent) => {
    const act = keys[event.key];
    if (!act || (event.key === ' ' && (event.target as HTMLElement).closest('button, input, [role=button]'))) return;
    event.preventDefault();
    act();
  };
  document.addEventListener('keydown', listen);
  document.documentElement.dataset.present = '';
  return () => {
    document.removeEventListener('keydown', listen);
    delete document.documentElement.dataset.present;
    playing.value = false;
  };
}

export function PresentBar(): JSX.Element {
  const t = text.value;
  const isPlaying = playing.value;
  const number = currentStep.value?.number ?? 0;
  const count = steps.value?.places.length ?? 1;
  useEffect(listenToKeys, []);
  useEffect(() => {
    if (!isPlaying) return;
    if (number === count - 1) {
      playing.value = false;
      return;
    }
    const next = setTimeout(() => go(number + 1), PACE);
    return () => clearTimeout(next);
  }, [isPlaying, number, count]);
  return (
    <div id="present-bar" title={t.steps.presentKeys}>
      <StepButton to="previous" label={t.steps.previous} id="present-previous" />
      <output>{t.steps.count(number + 1, count)}</output>
      <StepButton to="next" label={t.steps.next} id="present-next" />
      <button type="button" id="autoplay" aria-pressed={isPlaying} onClick={() => (playing.value = !isPlaying)}>
        {isPlaying ? t.steps.stopAutoplay : t.steps.autoplay}
      </button>
      <button type="button" aria-pressed={dark.value} onClick={toggleDark}>
        {t.ui.dark}
      </button>
      <button type="button" id="end-present" onClick={end}>
        {t.steps.endPresent}
      </button>
    </div>
  );
}
