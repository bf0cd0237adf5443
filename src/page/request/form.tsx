// The form: layers, batch and loss of the request.
import type { JSX } from 'preact';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { change as changeRequest, request as requestOf } from '../state.ts';
import { text } from '../text/text.ts';
import { isRequest, oriented, resized, sizesOf, withClasses, withLayer, withoutLayer, withValue } from './edit.ts';
import { type Change, ChoiceField, CountField, Errors, errorsUnder, VariantFields } from './fields.tsx';
import { Grid, List } from './grid.tsx';
import { hasClasses, targetsKey } from './targets.ts';
import { activations, losses } from './variants.ts';

/** How many layers are shown with all their fields. */
const MOST_LAYERS = 40;

const set = (request: GradientsRequest) => changeRequest(request, 'form');
const put: Change = (pointer, value) => set(withValue(requestOf.peek() as GradientsRequest, pointer, value));

export function Form(): JSX.Element {
  const request = requestOf.value;
  if (!isRequest(request)) return <p class="hint">{text.value.request.incomplete}</p>;
  const { layers } = request.network;
  return (
    <form id="form" autocomplete="off" onSubmit={(event) => event.preventDefault()}>
      {layers.slice(0, MOST_LAYERS).map((_, k) => (
        <Layer key={`${k}`} request={request} k={k} />
      ))}
      {layers.length > MOST_LAYERS && <p class="hint">{text.value.request.moreLayers}</p>}
      <Batch request={request} />
      <Loss request={request} />
    </form>
  );
}

function Layer({ request, k }: { request: GradientsRequest; k: number }): JSX.Element {
  const t = text.value.request;
  const { weights, biases, activation } = request.network.layers[k];
  const pointer = `/network/layers/${k}`;
  const sizes = sizesOf(request);
  const shown = [`${pointer}/weights`, `${pointer}/biases`, `${pointer}/activation`];
  return (
    <fieldset data-pointer={pointer} id={`layer-${k}`}>
      <legend>
        {t.layer(k + 1)} <code>layers[{k}]</code>
      </legend>
      <div class="row">
        <CountField
          label={t.units}
          pointer={`${pointer}/units`}
          value={weights.length}
          change={(units) => set(resized(request, { ...sizes, units: sizes.units.with(k, units) }))}
        />
        <VariantFields
          label={t.activation}
          pointer={`${pointer}/activation`}
          variants={activations}
          given={activation}
          initial="identity"
          change={put}
        />
      </div>
      <details id={`weights-${k}`} open={errorsUnder(pointer).length > 0 || undefined}>
        <summary>{biases ? t.weightsAndBiases : t.weightsTitle}</summary>
        <Grid
          pointer={`${pointer}/weights`}
          rows={weights}
          caption={t.weights}
          row={t.axes.unit}
          column={t.axes.input}
          change={put}
        />
        {biases && <List pointer={`${pointer}/biases`} values={biases} caption={t.biases} column={t.axes.unit} change={put} />}
        <label class="check">
          <input
            type="checkbox"
            id={`bias-${k}`}
            checked={biases !== undefined}
            onChange={({ currentTarget: { checked } }) => put(`${pointer}/biases`, checked ? weights.map(() => 0) : undefined)}
          />{' '}
          {t.withBiases}
        </label>
      </details>
      <Errors errors={errorsUnder(pointer, shown)} />
      <div class="buttons">
        <button type="button" class="small" id={`add-${k}`} onClick={() => set(withLayer(request, k))}>
          {t.addLayer}
        </button>
        {sizes.units.length > 1 && (
          <button type="button" class="small" id={`remove-${k}`} onClick={() => set(withoutLayer(request, k))}>
            {t.removeLayer}
          </button>
        )}
      </div>
    </fieldset>
  );
}

function Batch({ request }: { request: GradientsRequest }): JSX.Element {
  const t = text.value.request;
  const { batch } = request;
  const sizes = sizesOf(request);
  const columns = batch.samples === 'columns';
  const [classes, key] = [hasClasses(batch), targetsKey(batch)];
  const axes = (units: string) => (columns ? { row: units, column: t.axes.sample } : { row: t.axes.sample, column: units });
  const resize = (changed: Partial<typeof sizes>) => set(resized(request, { ...sizes, ...changed }));
  const shown = ['/batch/inputs', `/batch/${key}`, '/batch/sample_weights'];
  return (
    <fieldset data-pointer="/batch" id="batch">
      <legend>
        {t.batch} <code>batch</code>
      </legend>
      <div class="row">
        <CountField
          label={t.samples}
          pointer="/batch/samples-count"
          value={sizes.samples}
          change={(samples) => resize({ samples })}
        />
        <CountField
          label={t.features}
          pointer="/batch/features-count"
          value={sizes.features}
          change={(features) => resize({ features })}
        />
      </div>
      <Grid pointer="/batch/inputs" rows={batch.inputs} caption={t.inputs} {...axes(t.axes.feature)} change={put} />
      {classes ? (
        <List
          pointer={`/batch/${key}`}
          values={batch[key] as number[]}
          caption={t.classTargets}
          column={t.axes.sample}
          change={put}
        />
      ) : (
        <Grid
          pointer="/batch/targets"
          rows={batch.targets as number[][]}
          caption={t.targets}
          {...axes(t.axes.output)}
          change={put}
        />
      )}
      {batch.sample_weights && (
        <List
          pointer="/batch/sample_weights"
          values={batch.sample_weights}
          caption={t.sampleWeights}
          column={t.axes.sample}
          change={put}
        />
      )}
      <Errors errors={errorsUnder('/batch', shown)} />
      <BatchOptions request={request} />
    </fieldset>
  );
}

function BatchOptions({ request }: { request: GradientsRequest }): JSX.Element {
  const t = text.value.request;
  const { batch } = request;
  return (
    <details id="batch-options">
      <summary>{t.batchOptions}</summary>
      <ChoiceField
        label={t.orientation}
        pointer="/batch/samples"
        choices={[
          ['rows', t.orientations.rows],
          ['columns', t.orientations.columns],
        ]}
        value={batch.samples ?? 'rows'}
        change={(value) => set(oriented(request, value as 'rows' | 'columns'))}
      />
      <ChoiceField
        label={t.targetKind}
        pointer="/batch/targets-kind"
        choices={[
          ['values', t.targetKinds.values],
          ['classes', t.targetKinds.classes],
        ]}
        value={hasClasses(batch) ? 'classes' : 'values'}
        change={(value) => set(withClasses(request, value === 'classes'))}
      />
      <label class="check">
        <input
          type="checkbox"
          id="weighted"
          checked={batch.sample_weights !== undefined}
          onChange={({ currentTarget: { checked } }) =>
            put('/batch/sample_weights', checked ? new Array(sizesOf(request).samples).fill(1) : undefined)
          }
        />{' '}
        {t.weighted}
      </label>
    </details>
  );
}

function Loss({ request }: { request: GradientsRequest }): JSX.Element {
  const t = text.value.request;
  return (
    <fieldset id="loss">
      <legend>
        {t.loss} <code>loss</code>
      </legend>
      <VariantFields label={t.lossField} pointer="/loss" variants={losses} given={request.loss} initial="mse" change={put} />
    </fieldset>
  );
}
