// A registry with a second operation: this is all that one needs.
import { Type } from '@sinclair/typebox';
import { Names } from '../../schemas/names.ts';
import { Matrix, type Tensor } from '../../schemas/numbers.ts';
import { Dense } from '../../src/linalg/dense.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { operations as registered } from '../../src/operations/registry.ts';

interface GramRequest {
  readonly weights: Tensor;
  readonly samples?: 'rows' | 'columns';
}

const FEWER = 'send fewer rows';

/** The Gram matrix W Wᵀ of the rows of W, or WᵀW of its columns. */
export const gram: Operation<GramRequest, { gram: Tensor }> = {
  name: 'gram',
  summary: 'The Gram matrix of weights',
  description: "The scalar products of the weights' rows, or of their columns.",
  request: Type.Object(
    { weights: Matrix('outputs x inputs'), samples: Type.Optional(Names(['rows', 'columns'])) },
    { $id: 'GramRequest', additionalProperties: false },
  ),
  answer: Type.Object({ gram: Matrix('outputs x outputs') }, { $id: 'GramAnswer' }),
  examples: {
    two: {
      summary: 'Two rows',
      request: {
        weights: [
          [1, 2],
          [3, 4],
        ],
      },
      answer: {
        gram: [
          [5, 11],
          [11, 25],
        ],
      },
    },
  },
  conflicts: () => [],
  plan({ weights, samples }) {
    const W = samples === 'columns' ? Dense.of(weights).transposed() : Dense.of(weights);
    const numbers = W.rows * W.rows;
    return {
      sizes: { samples: W.rows, features: W.columns, units: [W.rows] },
      cost: {
        flops: 2 * numbers * W.columns,
        computedNumbers: numbers,
        keptNumbers: numbers,
        furtherNumbers: 0,
        answerNumbers: numbers,
        remedy: { pointer: '/weights', operations: FEWER, numbers: FEWER },
      },
      run: (engine) => ({ gram: engine.forward(W, W) }),
    };
  },
};

export const operations = [...registered, gram];
