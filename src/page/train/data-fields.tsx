// What is learned: generated data, a CSV file, or a dataset of the service.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { text } from '../text/text.ts';
import { NumberField } from '../ui/number-field.tsx';
import { CsvFields } from './csv-fields.tsx';
import { type GeneratorName, generators } from './data.ts';
import { DatasetChoice } from './dataset-choice.tsx';
import { learn } from './run.ts';

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

export function DataFields(): JSX.Element {
  const t = text.value.train;
  return (
    <fieldset class="bare actions" id="train-data">
      <legend>{t.data}</legend>
      {(Object.keys(generators) as GeneratorName[]).map((name) => (
        <button
          type="button"
          key={name}
          data-generator={name}
          onClick={() =>
            learn(
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
      <CsvFields />
    </fieldset>
  );
}
