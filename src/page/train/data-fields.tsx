// What is learned: generated data, a CSV file, or a dataset of the service.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { change } from '../state.ts';
import { text } from '../text/text.ts';
import { NumberField } from '../ui/number-field.tsx';
import { CsvFault, dataOf, namesClasses, readTable } from './csv.ts';
import { type Data, type GeneratorName, generators, networkFor } from './data.ts';
import { DatasetChoice } from './dataset-choice.tsx';
import { pause } from './run.ts';

/** The sizes of the hidden layers that learn generated data, and how many samples there are. */
const hidden: Record<GeneratorName, { units: number[]; samples: number }> = {
  xor: { units: [4], samples: 4 },
  circle: { units: [4], samples: 60 },
  spiral: { units: [12, 8], samples: 60 },
  regression: { units: [8], samples: 40 },
};

/** The most samples that are generated. */
const MOST_SAMPLES = 2000;

const noise = signal(0);
/** Undefined: as many as suit the generator. */
const count = signal<number | undefined>(undefined);
const seed = signal(1);
const csvFault = signal<CsvFault | undefined>(undefined);

export function DataFields(): JSX.Element {
  const t = text.value.train;
  const take = (data: Data, units: readonly number[], source: 'example' | 'file') => {
    pause();
    csvFault.value = undefined;
    change(networkFor(data, units), source);
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
      <NumberField
        id="noise"
        label={t.noise}
        min={0}
        max={1}
        step={0.01}
        value={noise.value}
        put={(value) => (noise.value = Math.max(0, value || 0))}
      />
      <NumberField
        id="sample-count"
        label={t.samples}
        min={1}
        max={MOST_SAMPLES}
        placeholder={t.automatic}
        value={count.value}
        put={(value) => {
          const n = Math.round(value);
          count.value = n >= 1 ? Math.min(MOST_SAMPLES, n) : undefined;
        }}
      />
      <NumberField id="seed" label={t.seed} value={seed.value} put={(value) => (seed.value = Math.round(value || 0))} />
      <DatasetChoice />
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
