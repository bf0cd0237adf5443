// The client of the gradient service.
export { Client } from './client.ts';
export type { CallOptions, Options } from './connection.ts';
export type { Arrays, Columns, Conditions, Dataset, Datasets, References } from './datasets.ts';
export type { Job, Progress, Waiting } from './jobs.ts';
export { ConnectionError, type Finding, Problem, type ProblemDocument, TimeoutError } from './problem.ts';
export { readSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';
export { type Data, type Dtype, type Nested, Tensor } from './tensor.ts';
export type * from './types.ts';
export { parametersToVector, vectorToParameters } from './vectors.ts';
