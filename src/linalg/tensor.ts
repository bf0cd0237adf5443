// An array of numbers of any number of dimensions. Dense is one of two.

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major: the last dimension varies fastest. */
  readonly data: Float64Array;
}

/** Whether a value of a document is a tensor: a Dense is one. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Object && 'data' in value && 'shape' in value;
}

/** The same document with its arrays of numbers as flat float64: lists as Float64Array, nested lists as Tensor. */
export type Tensors<T> = T extends number[]
  ? Float64Array
  : T extends number[][] | number[][][]
    ? Tensor
    : T extends (infer Item)[]
      ? Tensors<Item>[]
      : T extends object
        ? { [Key in keyof T]: Tensors<T[Key]> }
        : T;
