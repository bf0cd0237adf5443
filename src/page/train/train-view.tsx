// Train: the network of the page learns its data, or other data, step by step.
import type { JSX } from 'preact';
import { isRequest } from '../request/edit.ts';
import { answered, request } from '../state.ts';
import { text } from '../text/text.ts';
import { Controls } from './controls.tsx';
import { DataFields } from './data-fields.tsx';
import { Histogram, LossCurve, Plane } from './plots.tsx';
import { fault, NOT_FINITE, training } from './run.ts';

export default function TrainView(): JSX.Element {
  const t = text.value.train;
  const current = request.value;
  if (!isRequest(current)) return <p class="hint">{t.noRequest}</p>;
  return (
    <section id="train" aria-labelledby="tab-train">
      <DataFields />
      <Controls />
      {fault.value && (
        <p class="error" role="alert" id="train-fault">
          {fault.value.type === NOT_FINITE ? t.notFinite : `${fault.value.title}. ${fault.value.detail}`}
        </p>
      )}
      <div class="plots">
        <Plane request={current} />
        <LossCurve losses={training.value?.losses ?? []} />
        {answered.value && <Histogram of={answered.value} />}
      </div>
    </section>
  );
}
