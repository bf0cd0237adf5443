// How the training goes: play, pause, the optimizer and its settings.
import type { JSX } from 'preact';
import { answered, phase, request } from '../state.ts';
import { text } from '../text/text.ts';
import { NumberField } from '../ui/number-field.tsx';
import { Value } from '../ui/parts.tsx';
import { epochsAfter } from './batches.ts';
import { type Optimizer, optimizers } from './optimizers.ts';
import {
  ALL,
  pause,
  play,
  proceed,
  redraw,
  reset,
  running,
  samplesOf,
  settings,
  speed,
  speeds,
  stepping,
  training,
} from './run.ts';

export function Controls(): JSX.Element {
  const t = text.value.train;
  const samples = samplesOf(request.value);
  const { optimizer, rate, batchSize } = settings.value;
  const steps = training.value?.memory.steps ?? 0;
  const put = (patch: Partial<typeof settings.value>) => (settings.value = { ...settings.value, ...patch });
  return (
    <div class="actions" id="train-controls">
      <button
        type="button"
        id="train-play"
        class="primary"
        aria-pressed={running.value}
        onClick={() => (running.value ? pause() : play())}
      >
        {running.value ? t.pause : t.play}
      </button>
      <button type="button" id="train-step" disabled={running.value || stepping.value} onClick={() => proceed(1)}>
        {t.step}
      </button>
      <button type="button" id="train-reset" disabled={steps === 0} onClick={reset}>
        {t.reset}
      </button>
      <button type="button" id="train-redraw" title={t.redrawHint} onClick={redraw}>
        {t.redraw}
      </button>
      <label class="inline">
        {t.speed}
        <select
          id="train-speed"
          value={`${speed.value}`}
          onChange={({ currentTarget }) => (speed.value = Number(currentTarget.value))}
        >
          {speeds.map((one) => (
            <option key={one} value={`${one}`}>
              {t.times(one)}
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        {t.optimizer}
        <select
          id="optimizer"
          value={optimizer}
          onChange={({ currentTarget }) => put({ optimizer: currentTarget.value as Optimizer })}
        >
          {optimizers.map((one) => (
            <option key={one} value={one}>
              {t.optimizers[one]}
            </option>
          ))}
        </select>
      </label>
      <NumberField
        id="train-rate"
        label={t.rate}
        min={0}
        step="any"
        value={rate}
        put={(value) => put({ rate: Math.max(0, value || 0) })}
      />
      <NumberField
        id="batch-size"
        label={t.batchSize}
        min={1}
        max={samples}
        value={Math.min(samples, batchSize)}
        put={(value) => {
          const size = Math.round(value || 1);
          put({ batchSize: size >= samples ? ALL : Math.max(1, size) });
        }}
      />
      <output id="train-count" data-steps={steps} data-state={running.value || stepping.value ? 'running' : phase.value}>
        {t.steps(steps, epochsAfter(steps, samples, Math.min(samples, batchSize)))}
        {answered.value && (
          <>
            {text.value.ui.comma}
            {text.value.ui.loss} <Value of={answered.value.answer.loss} />
          </>
        )}
      </output>
    </div>
  );
}
