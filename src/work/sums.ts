// Adds up the loss and the gradients of tiles by one tree, whose shape depends on the number of tiles alone: a complete subtree can be
// computed elsewhere, and the result has the same bits.
import type { Backward } from '../backprop/backward.ts';
import type { Layer } from '../backprop/network.ts';
import { Dense } from '../linalg/dense.ts';
import { roundingError } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';

/** The number of children of a node of the tree. */
export const ARITY = 8;

/** The gradients of a layer's parameters. */
export type ParameterGradients = Pick<Backward, 'dW' | 'db'>;

/** The sum over some tiles. */
export interface Total {
  readonly loss: number;
  readonly gradients: readonly ParameterGradients[];
}

/** A sum whose rounding errors are kept (Neumaier's algorithm, see src/linalg/sum.ts). */
interface Compensated {
  readonly sum: Float64Array;
  readonly lost: Float64Array;
}

/**
 * A node whose children are added one after another. Sums of weights are plain: they have been summed over hundreds of samples
 * already, and the tree keeps the error of the rest below 1e-15.
 */
interface Node {
  children: number;
  readonly loss: Compensated;
  readonly layers: readonly { readonly dW: Dense; readonly db: Compensated | undefined }[];
}

/** The shapes of a layer's parameters. */
export type ParameterShapes = Pick<Layer, 'W' | 'b'>;

/** The number of levels of nodes that are being added up at the same time. */
export function levelsOf(tiles: number): number {
  let levels = 1;
  for (let n = tiles; n >= ARITY; n = Math.floor(n / ARITY)) levels++;
  return levels;
}

/** The sums over the tiles of a batch. */
export class Sums {
  /** The node that is being added up at each level, from the tiles up. */
  readonly #levels: readonly Node[];

  /** Sums in the memory of `scratch`, over so many tiles. */
  constructor(layers: readonly ParameterShapes[], tiles: number, scratch: Scratch) {
    const zeros = (n: number): Compensated => ({ sum: scratch.filled(n, 0), lost: scratch.filled(n, 0) });
    this.#levels = Array.from({ length: levelsOf(tiles) }, () => ({
      children: 0,
      loss: zeros(1),
      layers: layers.map(({ W, b }) => ({
        dW: new Dense(W.rows, W.columns, scratch.filled(W.data.length, 0)),
        db: b && zeros(b.length),
      })),
    }));
  }

  /** Adds the next tile. */
  add(loss: number, gradients: readonly ParameterGradients[]): void {
    const [node] = this.#levels;
    addTo(node.loss, Float64Array.of(loss));
    node.layers.forEach(({ dW, db }, k) => {
      addPlainly(dW.data, gradients[k].dW.data);
      if (db) addTo(db, gradients[k].db as Float64Array);
    });
    node.children++;
    for (let level = 0; this.#levels[level].children === ARITY; level++) this.#raise(level);
  }

  /** The sum of all tiles. Nothing may be added afterwards. */
  total(): Total {
    const top = this.#levels.length - 1;
    for (let level = 0; level < top; level++) this.#raise(level);
    const { loss, layers } = this.#levels[top];
    return { loss: rounded(loss)[0], gradients: layers.map(({ dW, db }) => ({ dW, db: db && rounded(db) })) };
  }

  /** Adds the node of a level to the one above, and clears it. */
  #raise(level: number): void {
    const [node, above] = [this.#levels[level], this.#levels[level + 1]];
    addNode(above.loss, node.loss);
    node.layers.forEach(({ dW, db }, k) => {
      addPlainly(above.layers[k].dW.data, dW.data);
      if (db) addNode(above.layers[k].db as Compensated, db);
    });
    above.children++;
    clear(node);
  }
}

function clear(node: Node): void {
  node.children = 0;
  for (const { sum, lost } of [node.loss, ...node.layers.flatMap(({ db }) => db ?? [])]) {
    sum.fill(0);
    lost.fill(0);
  }
  for (const { dW } of node.layers) dW.data.fill(0);
}

function addPlainly(sum: Float64Array, terms: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += terms[i];
}

function addTo({ sum, lost }: Compensated, terms: Float64Array): void {
  for (let i = 0; i < sum.length; i++) {
    const next = sum[i] + terms[i];
    lost[i] += roundingError(sum[i], terms[i], next);
    sum[i] = next;
  }
}

function addNode(into: Compensated, { sum, lost }: Compensated): void {
  addTo(into, sum);
  addPlainly(into.lost, lost);
}

/** The sums with their rounding errors, except where they are not finite. */
function rounded({ sum, lost }: Compensated): Float64Array {
  for (let i = 0; i < sum.length; i++) if (Number.isFinite(sum[i])) sum[i] += lost[i];
  return sum;
}
