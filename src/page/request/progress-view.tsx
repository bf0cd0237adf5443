// How far a request is that takes long.
import type { JSX } from 'preact';
import { progress } from '../state.ts';
import { text } from '../text/text.ts';
import { cancel } from './sending.ts';

export function ProgressView(): JSX.Element | null {
  if (!progress.value) return null;
  const t = text.value.request;
  const { doing, share } = progress.value;
  const words =
    share === undefined ? t.progressOpen(t.progress[doing]) : t.progressShare(t.progress[doing], Math.round(100 * share));
  return (
    <div id="progress">
      <label>
        {words} <progress max={1} value={share} />
      </label>
      <button type="button" id="cancel" onClick={cancel}>
        {t.cancel}
      </button>
    </div>
  );
}
