// The schema of a batch.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';
import { Integers, Matrix, Vector } from './numbers.ts';

export const Batch = Type.Object(
  {
    inputs: Matrix('samples x features; features x samples with samples "columns"'),
    targets: Type.Union(
      [
        Matrix('samples x outputs; outputs x samples with samples "columns"'),
        Integers(
          'a class index; other targets are a list of rows',
          'samples: one class index each, from 0; for cross_entropy and nll',
        ),
      ],
      { $id: 'Targets', title: 'targets', description: 'what the outputs should be' },
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
