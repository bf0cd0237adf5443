// The form: layers, batch and loss of the request, made anew whenever its shapes change.
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { byId, el } from './dom.ts';
import { type Change, choiceField, countField, grid, list, variantFields } from './fields.ts';
import { isRequest, oriented, resized, sizesOf, withClasses, withLayer, withoutLayer, withValue } from './request/edit.ts';
import type { Description } from './request/schema.ts';
import { hasClasses, targetsKey } from './request/targets.ts';

export interface Builder {
  readonly description: Description;
  /** Takes a changed request; `rebuild` says whether the form has other fields now. */
  change(request: GradientsRequest, rebuild: boolean): void;
}

/** Fills #form with the fields of a request, as far as it has the parts of one. */
export function buildForm(request: unknown, builder: Builder): void {
  const form = byId('form');
  const focused = form.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const open = new Set([...form.querySelectorAll<HTMLDetailsElement>('details[open]')].map(({ id }) => id));
  if (!isRequest(request)) {
    form.replaceChildren(
      el(
        'p',
        { class: 'hint' },
        'This request lacks parts that the form could show. Correct it as JSON, or start from an example.',
      ),
    );
    return;
  }
  const part = new Part(request, builder);
  form.replaceChildren(
    ...request.network.layers.slice(0, MOST_LAYERS + 1).map((_, k) => part.layer(k)),
    part.batch(),
    part.loss(),
  );
  for (const details of form.querySelectorAll('details')) if (open.has(details.id)) details.open = true;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** How many layers are shown with all their fields. */
const MOST_LAYERS = 40;

class Part {
  readonly #builder: Builder;
  readonly #put: Change;
  /** As it is now: a value that is changed does not make the form anew. */
  #request: GradientsRequest;

  constructor(request: GradientsRequest, builder: Builder) {
    this.#request = request;
    this.#builder = builder;
    this.#put = (pointer, value) => this.#set(withValue(this.#request, pointer, value), false);
  }

  #set(request: GradientsRequest, rebuild = true): void {
    this.#request = request;
    this.#builder.change(request, rebuild);
  }

  layer(k: number): HTMLElement {
    const { weights, biases, activation } = this.#request.network.layers[k];
    const pointer = `/network/layers/${k}`;
    if (k >= MOST_LAYERS) return el('p', { class: 'hint' }, 'Further layers are edited as JSON.');
    const sizes = sizesOf(this.#request);
    const resize = (units: number) => this.#set(resized(this.#request, { ...sizes, units: sizes.units.with(k, units) }));
    const change: Change = (at, value) => this.#set(withValue(this.#request, at, value));
    const bias = el('input', { type: 'checkbox', id: `bias-${k}`, checked: biases !== undefined });
    bias.addEventListener('change', () => change(`${pointer}/biases`, bias.checked ? weights.map(() => 0) : undefined));
    return el(
      'fieldset',
      { 'data-pointer': pointer, id: `layer-${k}` },
      el('legend', {}, `Layer ${k + 1} `, el('code', {}, `layers[${k}]`)),
      el(
        'div',
        { class: 'row' },
        countField('units', `${pointer}/units`, weights.length, resize),
        variantFields(
          'activation',
          `${pointer}/activation`,
          this.#builder.description.activations,
          activation,
          'identity',
          change,
        ),
      ),
      el(
        'details',
        { id: `weights-${k}` },
        el('summary', {}, biases ? 'Weights and biases' : 'Weights'),
        grid(`${pointer}/weights`, weights, { caption: 'weights', row: 'unit', column: 'input' }, this.#put),
        biases && list(`${pointer}/biases`, biases, { caption: 'biases', column: 'unit' }, this.#put),
        el('label', { class: 'check' }, bias, ' with biases'),
      ),
      el(
        'div',
        { class: 'buttons' },
        this.#button('Add a layer after this', `add-${k}`, () => this.#set(withLayer(this.#request, k))),
        sizes.units.length > 1
          ? this.#button('Remove', `remove-${k}`, () => this.#set(withoutLayer(this.#request, k)))
          : undefined,
      ),
    );
  }

  #button(text: string, id: string, click: () => void): HTMLElement {
    return el('button', { type: 'button', class: 'small', id, click }, text);
  }

  batch(): HTMLElement {
    const { batch } = this.#request;
    const sizes = sizesOf(this.#request);
    const columns = batch.samples === 'columns';
    const axes = (units: string) => (columns ? { row: units, column: 'sample' } : { row: 'sample', column: units });
    const resize = (changed: Partial<typeof sizes>) => this.#set(resized(this.#request, { ...sizes, ...changed }));
    const classes = hasClasses(batch);
    const key = targetsKey(batch);
    const targets = classes
      ? list(`/batch/${key}`, batch[key] as number[], { caption: 'targets: classes, from 0', column: 'sample' }, this.#put)
      : grid('/batch/targets', batch.targets as number[][], { caption: 'targets', ...axes('output') }, this.#put);
    return el(
      'fieldset',
      { 'data-pointer': '/batch', id: 'batch' },
      el('legend', {}, 'Batch ', el('code', {}, 'batch')),
      el(
        'div',
        { class: 'row' },
        countField('samples', '/batch/samples-count', sizes.samples, (samples) => resize({ samples })),
        countField('features', '/batch/features-count', sizes.features, (features) => resize({ features })),
      ),
      grid('/batch/inputs', batch.inputs, { caption: 'inputs', ...axes('feature') }, this.#put),
      targets,
      batch.sample_weights &&
        list('/batch/sample_weights', batch.sample_weights, { caption: 'sample weights', column: 'sample' }, this.#put),
      this.#batchOptions(columns, classes),
    );
  }

  #batchOptions(columns: boolean, classes: boolean): HTMLElement {
    const { batch } = this.#request;
    const { samples } = sizesOf(this.#request);
    const weighted = el('input', { type: 'checkbox', id: 'weighted', checked: batch.sample_weights !== undefined });
    weighted.addEventListener('change', () =>
      this.#set(withValue(this.#request, '/batch/sample_weights', weighted.checked ? new Array(samples).fill(1) : undefined)),
    );
    const orientations = [
      ['rows', 'row'],
      ['columns', 'column'],
    ] as const;
    const kinds = [
      ['values', 'a value per output'],
      ['classes', 'a class per sample'],
    ] as const;
    return el(
      'details',
      { id: 'batch-options' },
      el('summary', {}, 'How samples and targets are given'),
      choiceField('a sample is a', '/batch/samples', orientations, columns ? 'columns' : 'rows', (value) =>
        this.#set(oriented(this.#request, value as 'rows' | 'columns')),
      ),
      choiceField('targets are', '/batch/targets-kind', kinds, classes ? 'classes' : 'values', (value) =>
        this.#set(withClasses(this.#request, value === 'classes')),
      ),
      el('label', { class: 'check' }, weighted, ' samples have weights'),
    );
  }

  loss(): HTMLElement {
    const change: Change = (pointer, value) => this.#set(withValue(this.#request, pointer, value));
    return el(
      'fieldset',
      { id: 'loss' },
      el('legend', {}, 'Loss ', el('code', {}, 'loss')),
      variantFields('loss', '/loss', this.#builder.description.losses, this.#request.loss, 'mse', change),
    );
  }
}
