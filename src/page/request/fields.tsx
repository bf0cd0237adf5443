// The fields of the form: each knows the JSON pointer of what it changes, and shows the errors at it.
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { problem } from '../state.ts';
import { text } from '../text/text.ts';
import { numberOf } from './edit.ts';
import type { Located } from './problem.ts';
import type { Option, Variant } from './variants.ts';

/** Puts a value at a pointer; undefined removes it. */
export type Change = (pointer: string, value: unknown) => void;

export const idOf = (pointer: string) => `field${pointer.replaceAll('/', '-')}`;

/** The errors at a pointer or below it, without those at or below the pointers of `except`. */
export function errorsUnder(pointer: string, except: readonly string[] = []): readonly Located[] {
  const isUnder = (error: Located, parent: string) => error.pointer === parent || error.pointer.startsWith(`${parent}/`);
  const errors = problem.value?.errors ?? [];
  return errors.filter((error) => isUnder(error, pointer) && !except.some((other) => isUnder(error, other)));
}

const errorId = (pointer: string) => `error-${idOf(pointer)}`;

/** Errors in words; `name` says in words what a pointer names. */
export function Errors({
  errors,
  name = (pointer) => pointer,
}: {
  errors: readonly Located[];
  name?: (pointer: string) => string;
}): JSX.Element {
  return (
    <>
      {errors.map(({ pointer, detail }) => (
        <p class="error" id={errorId(pointer)} data-error={pointer} key={pointer + detail}>
          {text.value.request.field(name(pointer), detail)}
        </p>
      ))}
    </>
  );
}

interface LabelledProps {
  readonly label: string;
  readonly title?: string;
  readonly children: ComponentChildren;
}

function Labelled({ label, title = '', children }: LabelledProps): JSX.Element {
  return (
    <label class="field" title={title || undefined}>
      <span>{label}</span>
      {children}
    </label>
  );
}

interface TextProps {
  readonly pointer: string;
  readonly value: string;
  readonly label?: string;
  readonly placeholder?: string;
  change(text: string): void;
}

/** A field whose text counts when it is left. Until then it stays as it was typed, whatever else changes. */
export function TextField({ pointer, value, label, placeholder, change }: TextProps): JSX.Element {
  const [typed, setTyped] = useState<string>();
  const wrong = errorsUnder(pointer).length > 0;
  return (
    <input
      type="text"
      inputmode="decimal"
      id={idOf(pointer)}
      data-pointer={pointer}
      aria-label={label}
      aria-invalid={wrong}
      aria-describedby={wrong ? errorId(pointer) : undefined}
      placeholder={placeholder}
      title={typed ?? value}
      value={typed ?? value}
      onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      onChange={({ currentTarget }) => {
        setTyped(undefined);
        change(currentTarget.value);
      }}
    />
  );
}

interface CountProps {
  readonly label: string;
  readonly pointer: string;
  readonly value: number;
  change(n: number): void;
}

/** A count, from 1. */
export function CountField({ label, pointer, value, change }: CountProps): JSX.Element {
  return (
    <Labelled label={label}>
      <input
        type="number"
        id={`count${pointer.replaceAll('/', '-')}`}
        min={1}
        max={4096}
        step={1}
        value={value}
        onChange={({ currentTarget }) => {
          const n = Math.round(currentTarget.valueAsNumber);
          if (n >= 1 && n <= 4096) change(n);
          else currentTarget.value = `${value}`;
        }}
      />
    </Labelled>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly pointer: string;
  readonly choices: readonly (readonly [value: string, text: string])[];
  readonly value: string;
  change(value: string): void;
}

export function ChoiceField({ label, pointer, choices, value, change }: ChoiceProps): JSX.Element {
  const known = choices.some(([name]) => name === value);
  const wrong = errorsUnder(pointer).some((error) => error.pointer === pointer || error.pointer === `${pointer}/type`);
  return (
    <Labelled label={label}>
      <select
        id={idOf(pointer)}
        data-pointer={pointer}
        aria-invalid={wrong}
        aria-describedby={wrong ? errorId(pointer) : undefined}
        value={value}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      >
        {!known && <option value={value}>{value}</option>}
        {choices.map(([name, shown]) => (
          <option key={name} value={name}>
            {shown}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

interface VariantProps {
  readonly label: string;
  readonly pointer: string;
  readonly variants: readonly Variant[];
  readonly given: unknown;
  readonly initial: string;
  readonly change: Change;
}

/** An activation or a loss: its name, its formula, and a field for each of its options. */
export function VariantFields({ label, pointer, variants, given, initial, change }: VariantProps): JSX.Element {
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
  return (
    <div class="variant" id={`variant${pointer.replaceAll('/', '-')}`}>
      <ChoiceField
        label={label}
        pointer={pointer}
        choices={variants.map((one) => [one.name, one.name] as const)}
        value={name}
        change={rename}
      />
      {variant?.options.map((option) => (
        <OptionField
          key={option.name}
          option={option}
          pointer={`${pointer}/${option.name}`}
          value={options[option.name]}
          change={(chosen) => set(option.name, chosen)}
        />
      ))}
      {variant?.formula && <p class="formula-text">{variant.formula}</p>}
      <Errors errors={errorsUnder(pointer)} />
    </div>
  );
}

interface OptionProps {
  readonly option: Option;
  readonly pointer: string;
  readonly value: unknown;
  change(value: unknown): void;
}

function OptionField({ option: { name, kind, initial, description, names }, pointer, value, change }: OptionProps): JSX.Element {
  if (kind === 'names') {
    const choices = names.map((one) => [one, one] as const);
    const set = (chosen: string) => change(chosen === initial ? undefined : chosen);
    return <ChoiceField label={name} pointer={pointer} choices={choices} value={`${value ?? initial}`} change={set} />;
  }
  if (kind === 'boolean') {
    return (
      <Labelled label={name} title={description}>
        <input
          type="checkbox"
          id={idOf(pointer)}
          data-pointer={pointer}
          checked={(value ?? initial) === true}
          onChange={({ currentTarget: { checked } }) => change(checked === initial ? undefined : checked)}
        />
      </Labelled>
    );
  }
  const set = (typed: string) => {
    const list = () =>
      typed
        .split(/[\s,;]+/)
        .filter(Boolean)
        .map(numberOf);
    if (typed.trim() === '') change(undefined);
    else change(kind === 'numbers' ? list() : numberOf(typed));
  };
  const shown = kind === 'numbers' && Array.isArray(value) ? value.join(' ') : `${value ?? initial ?? ''}`;
  return (
    <Labelled label={name} title={description}>
      <TextField
        pointer={pointer}
        value={shown}
        change={set}
        {...(kind === 'numbers' && { placeholder: text.value.request.numbersHint })}
      />
    </Labelled>
  );
}
