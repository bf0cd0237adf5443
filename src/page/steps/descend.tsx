// What a gradient is good for: a step against it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { downhill } from '../request/edit.ts';
import { type Answered, change } from '../state.ts';
import { text } from '../text/text.ts';

export function Descend({ of: { request, answer } }: { of: Answered }): JSX.Element {
  const t = text.value.steps.descend;
  const [rate, setRate] = useState(0.1);
  return (
    <div class="descend">
      <label class="inline">
        {t.rate}
        <input
          type="number"
          id="rate"
          min={0}
          step="any"
          value={rate}
          onChange={({ currentTarget: { valueAsNumber } }) => setRate(valueAsNumber > 0 ? valueAsNumber : rate)}
        />
      </label>
      <button
        type="button"
        id="downhill"
        class="small"
        onClick={() => change(downhill(request, answer.gradients, rate), 'train')}
      >
        {t.button}
      </button>
    </div>
  );
}
