// The numbers of the unit or the edge that is chosen, and the sums that made them.

import { byId, el } from './dom.ts';
import { formula } from './formula.ts';
import type { Choice } from './network/layout.ts';
import { nameOf } from './picture.ts';
import type { Computed } from './request/computed.ts';
import {
  biasGradient,
  inputGradient,
  outputGradient,
  preActivation,
  preActivationGradient,
  type Sum,
  weightGradient,
} from './steps/explain.ts';
import type { Formulas } from './steps/step.ts';
import { exact, sumView } from './sum-view.ts';

interface Details {
  readonly run: Computed;
  readonly sample: number;
  readonly choice: Choice | undefined;
  readonly formulas: Formulas;
  choose(choice: Choice): void;
}

/** Fills #details. */
export function showDetails(details: Details): void {
  const { choice } = details;
  const host = byId('details');
  if (!choice)
    host.replaceChildren(el('p', { class: 'hint' }, 'Choose a unit or an edge to see its numbers, and the sums that made them.'));
  else if (choice.input !== undefined) host.replaceChildren(...edgeDetails(details, choice, choice.input));
  else if (choice.column === 0) host.replaceChildren(...inputDetails(details, choice));
  else host.replaceChildren(...unitDetails(details, choice));
}

function heading(text: string): HTMLElement {
  return el('h3', {}, `${text[0].toUpperCase()}${text.slice(1)}`);
}

function values(...pairs: [label: string, value: number | undefined][]): HTMLElement {
  const given = pairs.filter((pair): pair is [string, number] => pair[1] !== undefined);
  return el(
    'dl',
    { class: 'values' },
    ...given.map(([label, value]) => el('div', {}, el('dt', {}, ...formula(label)), el('dd', {}, exact(value)))),
  );
}

function sums(title: string, all: (Sum | undefined)[], choose?: (i: number) => (() => void) | undefined): HTMLElement {
  const given = all.filter((sum) => sum !== undefined);
  return el(
    'section',
    { class: 'sums' },
    el('h4', {}, title),
    ...given.map((sum, i) => sumView(sum, i === 0 && choose ? (term) => choose(sum.terms.indexOf(term)) : undefined)),
  );
}

function inputDetails({ run, sample }: Details, { column, unit }: Choice): HTMLElement[] {
  return [
    heading(nameOf({ column, unit })),
    ofSample(run, sample),
    values(
      [`x_${unit + 1}`, run.value('inputs', 0, sample, unit)],
      [`dx_${unit + 1}`, run.value('input_gradients', 0, sample, unit)],
    ),
    sums('Backward', [inputGradient(run, 0, sample, unit)]),
  ];
}

function unitDetails({ run, sample, choose, formulas }: Details, { column, unit }: Choice): HTMLElement[] {
  const [layer, n] = [column - 1, unit + 1];
  const name = run.activation(layer);
  const y = run.value('outputs', layer, sample, unit);
  const activated: Sum = {
    label: `y_${n}`,
    meaning: name === 'identity' ? 'without an activation' : `${name} of it`,
    terms: [],
    value: y,
  };
  const inputs = layer === 0 ? run.features : run.units[layer - 1];
  const formulaText = formulas.activations.get(name);
  const dz = preActivationGradient(run, layer, sample, unit) ?? {
    label: `dz_${n}`,
    meaning: 'through the slopes of the activation',
    terms: [],
    value: run.value('pre_activation_gradients', layer, sample, unit),
  };
  return [
    heading(nameOf({ column, unit })),
    ofSample(run, sample, name === 'identity' ? '' : `${name}: ${formulaText ?? ''}`),
    values(
      [`z_${n}`, run.value('pre_activations', layer, sample, unit)],
      [`y_${n}`, y],
      [`dy_${n}`, run.value('output_gradients', layer, sample, unit)],
      [`dz_${n}`, dz.value],
      [`b_${n}`, run.bias(layer, unit)],
      [`db_${n}`, run.biasGradient(layer, unit)],
    ),
    sums('Forward', [preActivation(run, layer, sample, unit), activated], (input) =>
      input < inputs ? () => choose({ column, unit, input }) : undefined,
    ),
    sums('Backward', [outputGradient(run, layer, sample, unit), dz, biasGradient(run, layer, unit)]),
  ];
}

function edgeDetails({ run, choose }: Details, { column, unit }: Choice, input: number): HTMLElement[] {
  const layer = column - 1;
  const [from, to] = [
    { column: layer, unit: input },
    { column, unit },
  ];
  const place = `${unit + 1},${input + 1}`;
  return [
    heading(`from ${nameOf(from)} to ${nameOf(to)}`),
    el(
      'p',
      { class: 'hint' },
      link(nameOf(from), () => choose(from)),
      ' → ',
      link(nameOf(to), () => choose(to)),
    ),
    values([`w_${place}`, run.weight(layer, unit, input)], [`dw_${place}`, run.weightGradient(layer, unit, input)]),
    sums(`Gradient, over ${run.samples === 1 ? 'the one sample' : `all ${run.samples} samples`}`, [
      weightGradient(run, layer, unit, input),
    ]),
  ];
}

function link(text: string, click: () => void): HTMLElement {
  return el('button', { type: 'button', class: 'link', click }, text);
}

function ofSample(run: Computed, sample: number, more = ''): HTMLElement {
  return el('p', { class: 'hint' }, `Sample ${sample + 1} of ${run.samples}. ${more}`);
}
