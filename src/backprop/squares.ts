// Norms and squares of the samples' shares of the gradient, computed without the shares: a sample's share of a layer's gradient is the
// outer product δ xᵀ of its row δ of dZ and its row x of X, and δ for the biases.
import { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { largestOf, norm, sumOfSquares } from '../linalg/norm.ts';
import { exponentOf, powerOf2 } from '../linalg/powers.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { ParameterGradients } from './backward.ts';
import type { Computed } from './finite.ts';

type Values = Pick<Computed, 'steps' | 'gradients'>;

/**
 * The L2 norm of each sample's share over all layers: the root of Σ ‖δ‖² (‖x‖² + 1), without the 1 for a layer without biases.
 * I. Goodfellow, Efficient Per-Example Gradient Computations (2015).
 */
export function sampleGradientNorms({ steps, gradients }: Values): Float64Array {
  const norms = new Float64Array(steps[0].X.rows);
  const ofLayers = new Float64Array(gradients.length);
  for (let i = 0; i < norms.length; i++) {
    gradients.forEach(({ dZ, db }, k) => {
      ofLayers[k] = outerNorm(dZ, steps[k].X, i, db !== undefined);
    });
    norms[i] = norm(ofLayers);
  }
  return norms;
}

/** The norm of row i's outer product; relative to the largest of its numbers, as the norms of the two rows may be beyond float64. */
function outerNorm(dZ: Dense, X: Dense, i: number, biases: boolean): number {
  const [start, end] = [i * X.columns, (i + 1) * X.columns];
  const [first, last] = [i * dZ.columns, (i + 1) * dZ.columns];
  const δ = largestOf(dZ.data, first, last);
  const x = Math.max(largestOf(X.data, start, end), biases ? 1 : 0);
  if (δ === 0 || x === 0) return 0;
  const ofInputs = sumOfSquares(X.data, x, start, end) + (biases ? 1 / x / x : 0);
  return δ * x * Math.sqrt(sumOfSquares(dZ.data, δ, first, last)) * Math.sqrt(ofInputs);
}

/** The sum over the samples of the squares of their shares, of each layer: (δ∘δ)ᵀ (X∘X). */
export function squaredGradients({ steps, gradients }: Values, engine: Engine): ParameterGradients[] {
  const { scratch } = engine;
  return gradients.map(({ dZ, db }, k) => {
    const { X } = steps[k];
    const ofBiases = db && squared(dZ, scratch).sumOfRows(scratch);
    const [δδ, XX] = balancedSquares(dZ, X, scratch);
    return { dW: engine.weightGradient(δδ, XX), db: ofBiases };
  });
}

function squared(matrix: Dense, scratch: Scratch): Dense {
  const squares = Dense.in(scratch, matrix.rows, matrix.columns);
  for (let i = 0; i < squares.data.length; i++) squares.data[i] = matrix.data[i] * matrix.data[i];
  return squares;
}

/** 2^e and 2^-e are normal float64 numbers. */
const MOST_EXPONENT = 1000;

/**
 * The squares of two matrices, whose rows are first multiplied and divided by a power of 2, so that their largest numbers are of about the
 * same size: a square then overflows only if that of a share does.
 */
function balancedSquares(dZ: Dense, X: Dense, scratch: Scratch): [Dense, Dense] {
  const δδ = Dense.in(scratch, dZ.rows, dZ.columns);
  const XX = Dense.in(scratch, X.rows, X.columns);
  for (let i = 0; i < dZ.rows; i++) {
    const difference = exponentOf(largest(X, i)) - exponentOf(largest(dZ, i));
    const half = Math.max(-MOST_EXPONENT, Math.min(Math.trunc(difference / 2), MOST_EXPONENT));
    writeSquares(dZ, δδ, i, powerOf2(half));
    writeSquares(X, XX, i, powerOf2(-half));
  }
  return [δδ, XX];
}

function largest({ data, columns }: Dense, row: number): number {
  return largestOf(data, row * columns, (row + 1) * columns);
}

function writeSquares({ data, columns }: Dense, into: Dense, row: number, factor: number): void {
  for (let at = row * columns; at < (row + 1) * columns; at++) {
    const scaled = data[at] * factor;
    into.data[at] = scaled * scaled;
  }
}
