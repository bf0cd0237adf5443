// The request to POST /check and its answer.
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { type ArrayBatch, Batch } from './batch.ts';
import { valueAt } from './gradients.ts';
import { Loss } from './loss.ts';
import { type MistakeName, mistakes } from './mistake.ts';
import { Names } from './names.ts';
import { Network } from './network.ts';
import { List, Matrix, type MaybeRagged, UNDOCUMENTED, Vector } from './numbers.ts';
import { Penalty } from './penalty.ts';
import type { Finding } from './problem.ts';
import { DEFAULT_TOLERANCE, type TracedArray, tracedArrays } from './traced-arrays.ts';

/** Arrays of any shape are taken, since a wrong shape is a finding. Only the right one is documented. */
const undocumented = [Vector(), Matrix(), Type.Number()].map((schema) => ({ ...schema, [UNDOCUMENTED]: true }));

const ofAnyShape = <Right extends TSchema>(right: Right, dimensions: 1 | 2) =>
  Type.Optional(Type.Unsafe<Static<Right>>(Type.Union([right, ...undocumented.filter((_, i) => i !== dimensions - 1)])));

const CandidateGradients = Type.Object(
  { weights: ofAnyShape(Matrix('outputs x inputs'), 2), biases: ofAnyShape(Vector('outputs'), 1) },
  { $id: 'CandidateGradients', additionalProperties: false },
);

const CandidateTrace = Type.Object(
  Object.fromEntries(Object.entries(tracedArrays).map(([name, sizes]) => [name, ofAnyShape(Matrix(sizes), 2)])) as Record<
    TracedArray,
    ReturnType<typeof ofAnyShape<ReturnType<typeof Matrix>>>
  >,
  { $id: 'CandidateTrace', additionalProperties: false },
);

export const Candidate = Type.Object(
  {
    loss: Type.Optional(Type.Number()),
    outputs: ofAnyShape(Matrix("samples x outputs: the network's outputs"), 2),
    gradients: Type.Optional(List(CandidateGradients, 'per layer; {} for a layer whose gradients are left out')),
    trace: Type.Optional(List(CandidateTrace, 'per layer, any of the values of the forward and the backward pass')),
  },
  {
    $id: 'Candidate',
    additionalProperties: false,
    description:
      'what your own code computed, any part of it, in the shapes and orientation of the answer to /gradients. A wrong shape is a finding',
  },
);

/** Checks that a candidate has something to compare: an empty one would agree. Parts that do not fit the schema are ignored. */
export function emptyCandidate(document: unknown): Finding[] {
  const candidate = valueAt(document, 'candidate');
  if (!(candidate instanceof Object)) return [];
  const isGiven = (value: unknown) => value !== undefined && value !== null;
  const isFilled = (value: unknown) =>
    Array.isArray(value)
      ? value.some((layer) => !(layer instanceof Object) || Object.values(layer).some(isGiven))
      : isGiven(value);
  if (Object.values(candidate).some(isFilled)) return [];
  return [{ pointer: '/candidate', detail: 'expected at least one array to compare: loss, outputs, gradients or trace' }];
}

export const CheckRequest = Type.Object(
  {
    network: Network,
    batch: Batch,
    loss: Type.Optional(Loss),
    penalty: Type.Optional(Penalty),
    candidate: Candidate,
    tolerance: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 0.1,
        default: DEFAULT_TOLERANCE,
        description:
          'the largest difference to the right numbers that counts as rounding, relative to the largest right number of the array; ' +
          'for float32, about 1e-4',
      }),
    ),
  },
  { $id: 'CheckRequest', additionalProperties: false },
);

/** With the arrays of its batch, as an inline request has them. */
export type CheckRequest = Omit<Static<typeof CheckRequest>, 'batch'> & { batch: ArrayBatch };

/** A decoded request that fits the schema. */
export type DecodedCheck = MaybeRagged<CheckRequest>;

const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const pointer = (description: string) => Type.String({ description });
const Sizes = Type.Array(Type.Integer());

const ArrayCheck = Type.Object(
  {
    pointer: pointer('JSON pointer to an array of the candidate'),
    agrees: Type.Boolean(),
    relative_error: Type.Optional(
      nullable(
        Type.Number({
          description:
            'the largest difference, relative to the largest right number of the array; null if all of these are 0 and the ' +
            "candidate's are not",
        }),
      ),
    ),
    ratio: Type.Optional(
      nullable(Type.Number({ description: 'candidate / right, if it is the same for all numbers of an array that disagrees' })),
    ),
    worst: Type.Optional(
      Type.Object(
        { index: Sizes, candidate: Type.Number(), right: Type.Number() },
        { $id: 'WorstNumber', description: 'the number that differs most, in the orientation of the candidate' },
      ),
    ),
    shape: Type.Optional({ ...Sizes, description: 'the shape of an array that has a wrong one; of a ragged matrix, its rows' }),
    row_lengths: Type.Optional({ ...Sizes, description: 'of a ragged matrix' }),
    expected_shape: Type.Optional(Sizes),
  },
  { $id: 'ArrayCheck' },
);
export type ArrayCheck = Static<typeof ArrayCheck>;

const MistakeNames = Names(Object.keys(mistakes) as MistakeName[], {
  $id: 'MistakeName',
  description: 'GET /mistakes/{name} describes each',
});

const Diagnosis = Type.Object(
  {
    mistake: MistakeNames,
    pointer: pointer('where it is made: a JSON pointer into the request; /network/layers if in all layers that it concerns'),
    explains: Type.Array(Type.String(), { description: 'the arrays of the candidate that disagree because of it' }),
    detail: Type.String({ description: 'what was computed, and what is right' }),
    wrong: Type.String({ description: 'the line in NumPy, as it is when wrong' }),
    right: Type.String({ description: 'the line in NumPy, as it should be' }),
    remedy: Type.String(),
    residual: Type.Number({
      description: "the relative error of the candidate's numbers that remains if the mistake is made on purpose",
    }),
    factor: Type.Optional(Type.Number({ description: 'a constant by which everything is multiplied beside the mistake' })),
    alternatives: Type.Array(MistakeNames, { description: 'mistakes that give the same numbers on this request' }),
  },
  { $id: 'Diagnosis' },
);
/** Without what the catalogue says about its mistake. */
export type Diagnosis = Omit<Static<typeof Diagnosis>, 'wrong' | 'right' | 'remedy'>;

export const CheckAnswer = Type.Object(
  {
    agrees: Type.Boolean({ description: 'whether every array of the candidate has the right shape and numbers' }),
    checks: Type.Array(ArrayCheck, { description: 'one for each array of the candidate, in the order of their computation' }),
    first_difference: nullable(pointer('the first array that disagrees, in the order in which backpropagation computes them')),
    diagnoses: Type.Array(Diagnosis, {
      description:
        'the simplest explanation of all that disagrees: one mistake, or several in different places; if none explains all, those that ' +
        'explain most',
    }),
    left_out: Type.Optional(Type.String({ description: 'what was not tried, because the request is large' })),
  },
  { $id: 'CheckAnswer' },
);
export type CheckAnswer = Static<typeof CheckAnswer>;
