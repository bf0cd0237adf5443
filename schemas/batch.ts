// The schema of a batch.
import { type SchemaOptions, type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';
import { Integers, Matrix, UNDOCUMENTED, Vector } from './numbers.ts';
import type { Finding } from './problem.ts';

/** The name of a dataset. */
export const DATASET_NAME = '^[a-z0-9][a-z0-9._-]{0,63}$';

const inputs = Type.Optional(Matrix('samples x features; features x samples with samples "columns"; not with a dataset'));

/** The layout of samples. */
const layout = (description: string, options: SchemaOptions = {}) =>
  Type.Optional(Names(['rows', 'columns'], { ...options, default: 'rows', description }));

/** A dataset in place of arrays, and the choice of its rows. */
const selection = {
  rows: Type.Optional(
    Integers('a row of the dataset, from 0', 'the rows of the dataset: the first one and the one after the last; left out: all'),
  ),
  indices: Type.Optional(
    Integers('a row of the dataset, from 0', 'rows of the dataset in any order, repeats allowed; in place of `rows`'),
  ),
};

export const Batch = Type.Object(
  {
    inputs,
    targets: Type.Optional(
      Type.Union(
        [
          Matrix('samples x outputs: what the outputs should be; outputs x samples with samples "columns"'),
          // As PyTorch has it. Not documented: some client generators cannot express a choice of two lists.
          Integers('a class index; other targets are a list of rows', '', { [UNDOCUMENTED]: true }),
        ],
        { title: 'targets' },
      ),
    ),
    classes: Type.Optional(
      Integers('a class index', 'samples: one class index each, from 0, in place of `targets`; for cross_entropy and nll'),
    ),
    sample_weights: Type.Optional(Vector('samples: at least 0, not all 0; left out: every sample weighs 1')),
    samples: layout(
      'whether a sample is a row or a column of `inputs` and of a matrix of `targets`, and in the answer of `outputs`, ' +
        '`input_gradients` and the matrices of `trace`',
      { $id: 'SampleLayout' },
    ),
    dataset: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the name of a dataset, in place of `inputs`, `targets` and `classes`: see /datasets',
      }),
    ),
    ...selection,
  },
  { $id: 'Batch', additionalProperties: false },
);
export type Batch = Static<typeof Batch>;

/** A batch whose arrays are there: in the request, or taken from its dataset. */
export type ArrayBatch = Batch & { inputs: number[][] };

/** The batch of an operation without a loss. */
export const InputBatch = Type.Object(
  {
    inputs,
    samples: layout('whether a sample is a row or a column of the matrices of samples, in the request and in the answer'),
    dataset: Type.Optional(
      Type.String({ minLength: 1, description: 'the name of a dataset, in place of `inputs`: see /datasets' }),
    ),
    ...selection,
  },
  { $id: 'InputBatch', additionalProperties: false },
);
export type InputBatch = Static<typeof InputBatch>;

/** The same with its inputs. */
export type ArrayInputs = InputBatch & { inputs: number[][] };

/** Whether a sample is a column of `inputs` and `targets`. In a dataset it is a row, however the answer is oriented. */
export function areInColumns({ samples, dataset }: { samples?: string; dataset?: string }): boolean {
  return samples === 'columns' && dataset === undefined;
}

/** Checks which keys of a batch go together. It may be invalid; `isWrong` tells whether something is wrong with a key. */
export function batchConflicts(batch: object, isWrong: (key: keyof Batch) => boolean): Finding[] {
  const has = (key: keyof Batch) => key in batch;
  const findings = inputConflicts(batch, isWrong);
  if (has('dataset') || isWrong('dataset')) return findings;
  if (has('targets') && has('classes')) findings.push(at('classes', 'expected either targets or classes, got both'));
  else if (!has('targets') && !has('classes') && !isWrong('targets') && !isWrong('classes'))
    findings.push(at('targets', 'expected targets, or class indices under the key classes, but both keys are missing'));
  return findings;
}

const at = (key: keyof Batch, detail: string): Finding => ({ pointer: `/batch/${key}`, detail });

/** The same for a batch without targets. */
export function inputConflicts(batch: object, isWrong: (key: keyof Batch) => boolean): Finding[] {
  const has = (key: keyof Batch) => key in batch;
  if (has('dataset') || isWrong('dataset')) {
    const arrays = (['inputs', 'targets', 'classes'] as const).filter(has);
    const findings = arrays.map((key) => at(key, `expected either a dataset or ${key}, got both`));
    if (has('rows') && has('indices')) findings.push(at('indices', 'expected either rows or indices, got both'));
    if (has('rows') && !isWrong('rows') && (batch as { rows: ArrayLike<number> }).rows.length !== 2)
      findings.push(at('rows', 'expected two numbers: the first row and the one after the last, such as [0, 1000]'));
    return findings;
  }
  const findings = (['rows', 'indices'] as const)
    .filter(has)
    .map((key) => at(key, `expected a dataset beside ${key}, which are rows of it, but the key dataset is missing`));
  if (!has('inputs') && !isWrong('inputs'))
    findings.push(
      at('inputs', 'expected a list of lists, or the name of a dataset under the key dataset, but both keys are missing'),
    );
  return findings;
}

/** What the outputs should be, a matrix of targets or class indices, and its JSON pointer. */
export function targetsOf<Targets, Classes>({
  targets,
  classes,
}: {
  targets?: Targets;
  classes?: Classes;
}): {
  readonly pointer: string;
  readonly targets: Targets | Classes;
} {
  // The schema's conflicts exclude that both are given, or none.
  if (classes !== undefined) return { pointer: '/batch/classes', targets: classes };
  return { pointer: '/batch/targets', targets: targets as Targets };
}
