// The fields of the form: each knows the JSON pointer of what it changes.
import { drawMatrix } from './canvas-map.ts';
import { el } from './dom.ts';
import type { Option, Variant } from './request/schema.ts';
import { extentOf, matrix } from './ui/matrix.ts';

/** Puts a value at a pointer; undefined takes it out. */
export type Change = (pointer: string, value: unknown) => void;

/** The largest table that is edited number by number. */
const MOST = { rows: 16, columns: 10 };

/** What was typed, as a number if it is one; else as it is, and the service says what it thinks of it. */
export function numberOf(text: string): number | string {
  const plain = text.trim().replace(/^[−–]/, '-');
  const value = Number(plain);
  return plain !== '' && Number.isFinite(value) ? value : text;
}

const idOf = (pointer: string) => `field${pointer.replaceAll('/', '-')}`;

function labelled(label: string, field: HTMLElement, hint = ''): HTMLElement {
  return el('label', { class: 'field', title: hint || undefined }, el('span', {}, label), field);
}

/** A whole number of things, from 1. */
export function countField(label: string, pointer: string, value: number, change: (n: number) => void): HTMLElement {
  const input = el('input', { type: 'number', min: 1, max: 4096, step: 1, value, id: `count${pointer.replaceAll('/', '-')}` });
  input.addEventListener('change', () => {
    const n = Math.round(input.valueAsNumber);
    if (n >= 1 && n <= 4096) change(n);
    else input.value = `${value}`;
  });
  return labelled(label, input);
}

export function choiceField(
  label: string,
  pointer: string,
  choices: readonly (readonly [value: string, text: string])[],
  value: string,
  change: (value: string) => void,
): HTMLElement {
  const known = choices.some(([name]) => name === value);
  const select = el(
    'select',
    { id: idOf(pointer), 'data-pointer': pointer },
    ...(known ? [] : [el('option', { value, selected: true }, value)]),
    ...choices.map(([name, text]) => el('option', { value: name, selected: name === value }, text)),
  );
  select.addEventListener('change', () => change(select.value));
  return labelled(label, select);
}

/** An activation or a loss: its name, its formula, and a field for each of its options. */
export function variantFields(
  label: string,
  pointer: string,
  variants: readonly Variant[],
  given: unknown,
  initial: string,
  change: Change,
): HTMLElement {
  const value = (given ?? initial) as string | Record<string, unknown>;
  const name = typeof value === 'string' ? value : `${value.type}`;
  const variant = variants.find((one) => one.name === name);
  const options = typeof value === 'string' ? {} : value;
  const set = (option: string, chosen: unknown) => {
    const { [option]: _, ...others } = options;
    const all = { ...others, type: name, ...(chosen !== undefined && { [option]: chosen }) };
    change(pointer, Object.keys(all).length > 1 ? all : name);
  };
  const rename = (chosen: string) => {
    // Options that the other has too stay: the reduction, say.
    const kept = variants.find((one) => one.name === chosen)?.options.filter((option) => option.name in options) ?? [];
    const entries = kept.map((option) => [option.name, options[option.name]]);
    change(pointer, entries.length > 0 ? { type: chosen, ...Object.fromEntries(entries) } : chosen);
  };
  return el(
    'div',
    { class: 'variant', id: `variant${pointer.replaceAll('/', '-')}` },
    choiceField(
      label,
      pointer,
      variants.map((one) => [one.name, one.name] as const),
      name,
      rename,
    ),
    ...(variant?.options ?? []).map((option) =>
      optionField(option, `${pointer}/${option.name}`, options[option.name], (chosen) => set(option.name, chosen)),
    ),
    variant?.formula ? el('p', { class: 'formula-text' }, variant.formula) : undefined,
  );
}

function optionField(option: Option, pointer: string, value: unknown, change: (value: unknown) => void): HTMLElement {
  const { name, kind, initial, description } = option;
  const hint = description.split('\n')[0];
  if (kind === 'names')
    return choiceField(
      name,
      pointer,
      option.names.map((one) => [one, one] as const),
      `${value ?? initial}`,
      (chosen) => change(chosen === initial ? undefined : chosen),
    );
  const attributes = { id: idOf(pointer), 'data-pointer': pointer };
  if (kind === 'boolean') {
    const input = el('input', { ...attributes, type: 'checkbox', checked: (value ?? initial) === true });
    input.addEventListener('change', () => change(input.checked === initial ? undefined : input.checked));
    return labelled(name, input, hint);
  }
  const text = kind === 'numbers' && Array.isArray(value) ? value.join(' ') : `${value ?? initial ?? ''}`;
  const input = el('input', {
    ...attributes,
    type: 'text',
    inputmode: 'decimal',
    value: text,
    placeholder: kind === 'numbers' ? '1 per unit' : undefined,
  });
  input.addEventListener('change', () => {
    if (input.value.trim() === '') change(undefined);
    else
      change(
        kind === 'numbers'
          ? input.value
              .split(/[\s,;]+/)
              .filter(Boolean)
              .map(numberOf)
          : numberOf(input.value),
      );
  });
  return labelled(name, input, hint);
}

/** What rows and columns of a table are called. */
export interface Axes {
  readonly caption: string;
  readonly row: string;
  readonly column: string;
}

/** A table of numbers, each of them a field; of what is too large, a picture. */
export function grid(pointer: string, rows: readonly (readonly unknown[])[], axes: Axes, change: Change): HTMLElement {
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  if (height > MOST.rows || width > MOST.columns) return thumbnail(pointer, rows, axes);
  const head = el('tr', {}, el('td'), ...Array.from({ length: width }, (_, j) => el('th', { scope: 'col' }, `${j + 1}`)));
  const lines = rows.map((row, i) => {
    const cells = row.map((value, j) =>
      cell(`${pointer}/${i}/${j}`, value, `${axes.row} ${i + 1}, ${axes.column} ${j + 1}`, change),
    );
    return el(
      'tr',
      { 'data-pointer': `${pointer}/${i}`, id: idOf(`${pointer}/${i}`) },
      el('th', { scope: 'row' }, `${i + 1}`),
      ...cells,
    );
  });
  const caption = el('caption', {}, axes.caption, el('span', {}, ` ${axes.row} ↓ ${axes.column} →`));
  const table = el('table', {}, caption, el('tbody', {}, head, ...lines));
  return el('div', { class: 'grid', 'data-pointer': pointer, id: idOf(pointer) }, table);
}

/** A list of numbers as a table of one row. */
export function list(pointer: string, values: readonly unknown[], axes: Omit<Axes, 'row'>, change: Change): HTMLElement {
  if (values.length > 4 * MOST.columns) return thumbnail(pointer, [values], { ...axes, row: '' });
  const cells = values.map((value, i) => cell(`${pointer}/${i}`, value, `${axes.caption}, ${axes.column} ${i + 1}`, change));
  const lines = Array.from({ length: Math.ceil(cells.length / MOST.columns) }, (_, i) =>
    el('tr', {}, ...cells.slice(i * MOST.columns, (i + 1) * MOST.columns)),
  );
  const table = el('table', {}, el('caption', {}, axes.caption, el('span', {}, ` ${axes.column} →`)), el('tbody', {}, ...lines));
  return el('div', { class: 'grid', 'data-pointer': pointer, id: idOf(pointer) }, table);
}

function cell(pointer: string, value: unknown, label: string, change: Change): HTMLElement {
  const input = el('input', {
    type: 'text',
    inputmode: 'decimal',
    id: idOf(pointer),
    'data-pointer': pointer,
    'aria-label': label,
    value: `${value}`,
    title: `${value}`,
  });
  input.addEventListener('change', () => {
    input.title = input.value;
    change(pointer, numberOf(input.value));
  });
  return el('td', {}, input);
}

function thumbnail(pointer: string, rows: readonly (readonly unknown[])[], { caption }: Axes): HTMLElement {
  const numbers = matrix(rows as number[][]);
  const canvas = el('canvas', { role: 'img', 'aria-label': `${caption}, ${numbers.rows} by ${numbers.columns}` });
  canvas.width = Math.min(260, numbers.columns * 8);
  canvas.height = Math.max(8, Math.min(90, numbers.rows * 4));
  drawMatrix(canvas, numbers, extentOf(numbers).largest);
  const text = `${caption}: ${numbers.rows} × ${numbers.columns}. So many are edited as JSON.`;
  return el('div', { class: 'grid', 'data-pointer': pointer, id: idOf(pointer) }, el('p', { class: 'hint' }, text), canvas);
}
