// What a gradient is good for: a step against it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { downhill } from '../request/edit.ts';
import { type Answered, change } from '../state.ts';
import { text } from '../text/text.ts';
import { NumberField } from '../ui/number-field.tsx';

export function Descend({ of: { request, answer } }: { of: Answered }): JSX.Element {
  const t = text.value.steps.descend;
  const [rate, setRate] = useState(0.1);
  return (
    <div class="descend">
      <NumberField id="rate" label={t.rate} min={0} step="any" value={rate} put={(value) => setRate(value > 0 ? value : rate)} />
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
