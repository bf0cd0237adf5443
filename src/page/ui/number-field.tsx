// A number beside its name.
import type { ComponentChildren, JSX } from 'preact';

interface NumberProps {
  readonly id: string;
  readonly label: string;
  readonly value: number | undefined;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number | 'any';
  readonly placeholder?: string;
  /** What stands behind it. */
  readonly children?: ComponentChildren;
  /** Takes the number, or NaN if there is none. */
  put(value: number): void;
}

export function NumberField({ label, put, children, ...input }: NumberProps): JSX.Element {
  return (
    <label class="inline">
      {label}
      <input type="number" {...input} onChange={({ currentTarget }) => put(currentTarget.valueAsNumber)} />
      {children}
    </label>
  );
}
