// Train: the network of the page learns its data, or other data, step by step.
import type { JSX } from 'preact';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { isRequest, sizesOf } from '../request/edit.ts';
import { answered, request } from '../state.ts';
import { text } from '../text/text.ts';
import { Controls } from './controls.tsx';
import { DataFields } from './data-fields.tsx';
import { Histogram, LossCurve, Plane } from './plots.tsx';
import { type Fault, fault, NOT_FINITE, setOutputs, training } from './run.ts';

/** More outputs are not built by a button. */
const MOST_OUTPUTS = 1000;

export default function TrainView(): JSX.Element {
  const t = text.value.train;
  const current = request.value;
  if (!isRequest(current)) return <p class="hint">{t.noRequest}</p>;
  return (
    <section id="train" aria-labelledby="tab-train">
      <DataFields />
      <Controls />
      {fault.value && <FaultView of={fault.value} request={current} />}
      <div class="plots">
        <Plane request={current} />
        <LossCurve losses={training.value?.losses ?? []} />
        {answered.value && <Histogram of={answered.value} />}
      </div>
    </section>
  );
}

function FaultView({ of, request }: { of: Fault; request: GradientsRequest }): JSX.Element {
  const t = text.value.train;
  const { type, title, detail, errors, outputs } = of;
  const has = sizesOf(request).units.at(-1) as number;
  const say = () => {
    if (type === NOT_FINITE) return t.notFinite;
    if (outputs) return t.unknownClass(outputs - 1, has);
    return `${title}. ${errors?.map((error) => error.detail).join('. ') ?? detail}`;
  };
  return (
    <p class="error" role="alert" id="train-fault">
      {say()}{' '}
      {outputs && outputs <= MOST_OUTPUTS && (
        <button type="button" id="set-outputs" onClick={() => setOutputs(outputs)}>
          {t.setOutputs(outputs)}
        </button>
      )}
    </p>
  );
}
