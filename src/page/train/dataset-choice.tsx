// A dataset of the service as the data: the page shows its first samples, and the steps take all.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { DatasetDescription } from '../../../schemas/dataset.ts';
import type { GradientsAnswer } from '../../../schemas/gradients.ts';
import { send } from '../request/api.ts';
import { datasets, list } from '../service/owned.ts';
import { apiKey, change } from '../state.ts';
import { text } from '../text/text.ts';
import { networkFor } from './data.ts';
import { requestOfRows, rowsOf } from './dataset-rows.ts';
import { keepOrigin } from './origins.ts';
import { dataset, fault, pause } from './run.ts';

/** The most samples of a dataset that the page shows. */
const SHOWN = 200;

/** The most classes that a dataset may have here. */
const MOST_CLASSES = 100;

async function learn({ name, samples, features, targets }: DatasetDescription): Promise<void> {
  const wanted = {
    dataset: name,
    features,
    outputs: targets || MOST_CLASSES,
    isClasses: targets === 0,
    rows: Math.min(SHOWN, samples),
  };
  pause();
  const outcome = await send<GradientsAnswer>('gradients', requestOfRows(wanted)).outcome;
  fault.value = 'problem' in outcome ? outcome.problem : undefined;
  if (!('answer' in outcome)) return;
  const data = rowsOf(wanted, outcome.answer);
  const classCount = data.classes && Math.max(2, Math.max(...data.classes) + 1);
  const made = networkFor(classCount ? { ...data, classCount, keepsClasses: true } : data, [8]);
  keepOrigin(made.batch, { dataset: name, samples });
  change(made, 'example');
}

export function DatasetChoice(): JSX.Element {
  const t = text.value.train;
  useEffect(() => {
    list();
  }, [apiKey.value]);
  const usable = datasets.value.filter(({ targets }) => targets !== undefined);
  return (
    <>
      <label class="inline">
        {t.dataset}
        <select
          id="train-dataset"
          value={dataset.value?.dataset ?? ''}
          onFocus={list}
          onChange={({ currentTarget }) => {
            const chosen = usable.find(({ name }) => name === currentTarget.value);
            if (chosen) learn(chosen);
          }}
        >
          <option value="">{t.chooseDataset}</option>
          {usable.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {dataset.value && <p class="hint">{t.datasetShown(Math.min(SHOWN, dataset.value.samples), dataset.value.samples)}</p>}
    </>
  );
}
