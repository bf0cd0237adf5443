// The requests that put a dataset in JSON, and what the service says of datasets.
import { type Static, Type } from '@sinclair/typebox';
import { Batch } from './batch.ts';
import { Matrix } from './numbers.ts';

const { classes, sample_weights, samples } = Batch.properties;

/** The arrays themselves. */
export const DatasetArrays = Type.Object(
  {
    inputs: Matrix('samples x features; features x samples with samples "columns"'),
    targets: Type.Optional(Matrix('samples x outputs; outputs x samples with samples "columns"')),
    classes,
    sample_weights,
    samples,
  },
  { $id: 'DatasetArrays', additionalProperties: false },
);
export type DatasetArrays = Static<typeof DatasetArrays>;

const PLACES = 'in a place that the operator allows to this client (DATA_ALLOW): s3://bucket/key or file:///path';

/** A safetensors file that lies elsewhere. */
export const SafetensorsReference = Type.Object(
  { url: Type.String({ minLength: 1, description: `a safetensors file, ${PLACES}` }) },
  { $id: 'SafetensorsReference', additionalProperties: false },
);
export type SafetensorsReference = Static<typeof SafetensorsReference>;

const NpyReference = Type.Object(
  { url: Type.String({ minLength: 1, description: `a file as numpy.save writes it, ${PLACES}` }) },
  { $id: 'NpyReference', additionalProperties: false },
);

/** Files of NumPy that lie elsewhere, one for each array. */
export const NpyReferences = Type.Object(
  {
    inputs: NpyReference,
    targets: Type.Optional(NpyReference),
    classes: Type.Optional(NpyReference),
    sample_weights: Type.Optional(NpyReference),
  },
  { $id: 'NpyReferences', additionalProperties: false },
);
export type NpyReferences = Static<typeof NpyReferences>;

/** What the service says of a dataset. */
export const DatasetDescription = Type.Object(
  {
    name: Type.String(),
    samples: Type.Integer({ minimum: 1 }),
    features: Type.Integer({ minimum: 1 }),
    targets: Type.Optional(
      Type.Integer({ minimum: 0, description: 'how many a sample has; 0 if it has a class; left out if it has neither' }),
    ),
    dtype: Type.String({ description: 'of the inputs, by the names of safetensors' }),
    bytes: Type.Integer({ minimum: 0, description: 'that it takes in the store; of references, those of the files' }),
    etag: Type.String({ description: 'changes with the content; the ETag header has it in quotes' }),
    expires: Type.String({ format: 'date-time', description: 'when it is removed, unless it is put again' }),
  },
  { $id: 'DatasetDescription' },
);
export type DatasetDescription = Static<typeof DatasetDescription>;

export const DatasetList = Type.Object({ datasets: Type.Array(DatasetDescription) }, { $id: 'DatasetList' });
