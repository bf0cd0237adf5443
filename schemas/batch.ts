// The schema of a batch.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';
import { Integers, Matrix, UNDOCUMENTED, Vector } from './numbers.ts';

export const Batch = Type.Object(
  {
    inputs: Matrix('samples x features; features x samples with samples "columns"'),
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
    samples: Type.Optional(
      Names(['rows', 'columns'], {
        $id: 'SampleLayout',
        default: 'rows',
        description:
          'whether a sample is a row or a column of `inputs` and of a matrix of `targets`, and in the answer of `outputs`, ' +
          '`input_gradients` and the matrices of `trace`',
      }),
    ),
  },
  { $id: 'Batch', additionalProperties: false },
);
export type Batch = Static<typeof Batch>;

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
