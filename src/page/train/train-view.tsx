// Train: the network of the page learns its data, or other data, step by step.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { withSizes } from '../request/build.ts';
import { isRequest } from '../request/edit.ts';
import { answered, change, phase, request } from '../state.ts';
import { text } from '../text/text.ts';
import { Value } from '../ui/parts.tsx';
import { epochsAfter } from './batches.ts';
import { CsvFault, dataOf, namesClasses, readTable } from './csv.ts';
import { type Data, type GeneratorName, generators, withData } from './data.ts';
import { type Optimizer, optimizers } from './optimizers.ts';
import { Histogram, LossCurve, Plane } from './plots.tsx';
import { fault, NOT_FINITE, pause, play, proceed, reset, running, samplesOf, settings, speed, speeds, training } from './run.ts';

/** The sizes of the hidden layers that learn generated data, and how many samples there are. */
const hidden: Record<GeneratorName, { units: number[]; samples: number }> = {
  xor: { units: [4], samples: 4 },
  circle: { units: [4], samples: 60 },
  spiral: { units: [12, 8], samples: 60 },
  regression: { units: [8], samples: 40 },
};

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

/** A network of these hidden layers for data, with weights that differ from each other. */
function fresh(data: Data, units: readonly number[]): unknown {
  const one = { network: { layers: [{ weights: [[0]], biases: [0] }] }, batch: { inputs: [[0]], targets: [[0]] } };
  const sized = withSizes(one, [data.inputs[0].length, ...units, 1]);
  // The last layer is made anew, too: that of `one` is 0.
  const { layers } = withSizes(
    { ...sized, network: { layers: [...sized.network.layers.slice(0, -1), { weights: [[]], biases: [0] }] } },
    [data.inputs[0].length, ...units, 1],
  ).network;
  return withData({ ...sized, network: { layers } }, data);
}

const noise = signal(0);
const count = signal<number | undefined>(undefined);
const seed = signal(1);
const csvFault = signal<CsvFault | undefined>(undefined);

function DataFields(): JSX.Element {
  const t = text.value.train;
  const take = (data: Data, units: readonly number[], source: 'example' | 'file') => {
    pause();
    csvFault.value = undefined;
    change(fresh(data, units), source);
  };
  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      const table = readTable(await file.text());
      const last = table.columns.length - 1;
      take(dataOf(table, last, namesClasses(table, last)), [8], 'file');
    } catch (error) {
      if (!(error instanceof CsvFault)) throw error;
      csvFault.value = error;
    }
  };
  return (
    <fieldset class="bare actions" id="train-data">
      <legend>{t.data}</legend>
      {(Object.keys(generators) as GeneratorName[]).map((name) => (
        <button
          type="button"
          key={name}
          data-generator={name}
          onClick={() =>
            take(
              generators[name]({ samples: count.value ?? hidden[name].samples, noise: noise.value, seed: seed.value }),
              hidden[name].units,
              'example',
            )
          }
        >
          {t.dataChoices[name]}
        </button>
      ))}
      <label class="inline">
        {t.noise}
        <input
          type="number"
          id="noise"
          min={0}
          max={1}
          step={0.01}
          value={noise.value}
          onChange={({ currentTarget }) => (noise.value = Math.max(0, currentTarget.valueAsNumber || 0))}
        />
      </label>
      <label class="inline">
        {t.samples}
        <input
          type="number"
          id="sample-count"
          min={1}
          max={2000}
          value={count.value}
          onChange={({ currentTarget }) => {
            const n = Math.round(currentTarget.valueAsNumber);
            count.value = n >= 1 ? Math.min(2000, n) : undefined;
          }}
        />
      </label>
      <label class="inline">
        {t.seed}
        <input
          type="number"
          id="seed"
          value={seed.value}
          onChange={({ currentTarget }) => (seed.value = Math.round(currentTarget.valueAsNumber || 0))}
        />
      </label>
      <label class="button" title={t.csvHint}>
        {t.csv}
        <input
          type="file"
          id="csv"
          accept=".csv,.tsv,text/csv"
          class="unseen"
          onChange={async ({ currentTarget }) => {
            await open(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </label>
      {csvFault.value && (
        <p class="error" role="alert">
          {csvFault.value.text(t)}
        </p>
      )}
    </fieldset>
  );
}

function Controls(): JSX.Element {
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
      <button type="button" id="train-step" disabled={running.value} onClick={() => proceed(1)}>
        {t.step}
      </button>
      <button type="button" id="train-reset" disabled={steps === 0} onClick={reset}>
        {t.reset}
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
      <label class="inline">
        {t.rate}
        <input
          type="number"
          id="train-rate"
          min={0}
          step="any"
          value={rate}
          onChange={({ currentTarget }) => put({ rate: Math.max(0, currentTarget.valueAsNumber || 0) })}
        />
      </label>
      <label class="inline">
        {t.batchSize}
        <input
          type="number"
          id="batch-size"
          min={1}
          max={samples}
          value={Math.min(samples, batchSize)}
          onChange={({ currentTarget }) => {
            const size = Math.round(currentTarget.valueAsNumber || 1);
            put({ batchSize: size >= samples ? 1_000_000 : Math.max(1, size) });
          }}
        />
      </label>
      <output id="train-count" data-steps={steps} data-state={running.value ? 'running' : phase.value}>
        {t.steps(steps, epochsAfter(steps, samples, Math.min(samples, batchSize)))}
        {answered.value && (
          <>
            {', '}
            {text.value.ui.loss} <Value of={answered.value.answer.loss} />
          </>
        )}
      </output>
    </div>
  );
}
