// A matrix as source code of NumPy and MATLAB, every number in its shortest exact form.

export type Numbers = number | readonly number[] | readonly (readonly number[])[];

export const matrixTexts = {
  NumPy: (name: string, value: Numbers) => `${name} = np.array(${list(value, ', ', `\n${' '.repeat(name.length + 13)}`)})`,
  MATLAB: (name: string, value: Numbers) => `${name} = ${matlab(value)};`,
};

function list(value: Numbers, separator: string, newLine: string): string {
  if (typeof value === 'number') return written(value);
  const items = value.map((item) => list(item, separator, newLine));
  return `[${items.join(typeof value[0] === 'number' ? separator : `,${newLine}`)}]`;
}

/** A list is a column, as biases are. */
function matlab(value: Numbers): string {
  if (typeof value === 'number') return written(value);
  return `[${value.map((item) => (typeof item === 'number' ? written(item) : item.map(written).join(' '))).join('; ')}]`;
}

/** -0 keeps its sign. */
function written(value: number): string {
  return Object.is(value, -0) ? '-0.0' : `${value}`;
}
