// A dataset of the service as the data: the page shows its first samples, and the steps take all.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { DatasetDescription } from '../../../schemas/dataset.ts';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { send } from '../request/api.ts';
import { isRequest, sizesOf } from '../request/edit.ts';
import { datasets, list } from '../service/owned.ts';
import { apiKey, change, request } from '../state.ts';
import { text } from '../text/text.ts';
import { networkFor, withData } from './data.ts';
import { requestOfRows, rowsOf } from './dataset-rows.ts';
import { keepOrigin } from './origins.ts';
import { dataset, fault, pause } from './run.ts';

/** The most samples of a dataset that the page shows. */
const SHOWN = 200;

/** The most classes that are looked for, unless the network of the page has more outputs. */
const MOST_CLASSES = 100;

/** The hidden layers that learn a dataset, unless the network of the page fits it. */
const HIDDEN = [8];

async function take({ name, samples, features, targets }: DatasetDescription): Promise<void> {
  const isClasses = targets === 0;
  const own = request.peek();
  const sizes = isRequest(own) && sizesOf(own).features === features ? sizesOf(own) : undefined;
  const outputs = sizes?.units.at(-1) ?? 0;
  const wanted = {
    dataset: name,
    features,
    outputs: targets || Math.max(outputs, MOST_CLASSES),
    isClasses,
    rows: Math.min(SHOWN, samples),
  };
  pause();
  const outcome = await send<GradientsAnswer>('gradients', requestOfRows(wanted)).outcome;
  fault.value = 'problem' in outcome ? outcome.problem : undefined;
  if (!('answer' in outcome) || request.peek() !== own) return;
  const data = rowsOf(wanted, outcome.answer);
  // The service does not tell how many classes there are: as many as the network of the page has outputs for, if those are enough.
  const seen = Math.max(2, ...(data.classes ?? []).map((index) => index + 1));
  const fits = sizes && (isClasses ? outputs >= seen : outputs === targets);
  const filled = isClasses ? { ...data, classCount: fits ? outputs : seen, keepsClasses: true } : data;
  const made = fits ? withData(own as GradientsRequest, filled) : networkFor(filled, HIDDEN);
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
            if (chosen) take(chosen);
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
