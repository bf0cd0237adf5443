// Adds up the loss and the gradients of tiles by one tree, whose shape depends on the number of tiles alone: a complete subtree can be
// computed elsewhere, and the result has the same bits.
import type { ParameterGradients } from '../backprop/backward.ts';
import type { Total } from '../backprop/finite.ts';
import type { Layer } from '../backprop/network.ts';
import { Dense } from '../linalg/dense.ts';
import { addCompensated, compensate } from '../linalg/sum.ts';

/** The most children of a node of the tree. */
export const ARITY = 8;

/** A sum whose rounding errors are kept (Neumaier's algorithm, see src/linalg/sum.ts). */
interface Compensated {
  readonly sum: Float64Array;
  readonly lost: Float64Array;
}

/**
 * A node of the tree: the sum of its children. Weight gradients are added without compensation: each tile has summed hundreds of samples
 * already, and the tree adds an error below 1e-15.
 */
interface Node {
  /** All its numbers: those below are views of it. */
  readonly memory: Float64Array;
  readonly loss: Compensated;
  readonly layers: readonly { readonly dW: Dense; readonly db: Compensated | undefined }[];
}

/** The number of levels of nodes that are being added up at the same time. */
export function levelsOf(tiles: number): number {
  let levels = 1;
  for (let n = tiles; n >= ARITY; n = Math.floor(n / ARITY)) levels++;
  return levels;
}

/** How many numbers the sums over so many tiles take. */
export function numbersOfSums(layers: readonly Layer[], tiles: number): number {
  return levelsOf(tiles) * numbersOfNode(layers);
}

/** How many numbers a node takes. */
export function numbersOfNode(layers: readonly Layer[]): number {
  return layers.reduce((sum, { W, b }) => sum + W.data.length + 2 * (b?.length ?? 0), 2);
}

/** The node whose numbers lie in `memory`. */
function nodeIn(layers: readonly Layer[], memory: Float64Array): Node {
  let at = 0;
  const next = (n: number) => {
    at += n;
    return memory.subarray(at - n, at);
  };
  const compensated = (n: number): Compensated => ({ sum: next(n), lost: next(n) });
  return {
    memory,
    loss: compensated(1),
    layers: layers.map(({ W, b }) => ({ dW: new Dense(W.rows, W.columns, next(W.data.length)), db: b && compensated(b.length) })),
  };
}

/** The node of a single tile. */
export function tileNode(layers: readonly Layer[], loss: number, gradients: readonly ParameterGradients[]): Float64Array {
  const memory = new Float64Array(numbersOfNode(layers));
  const node = nodeIn(layers, memory);
  node.loss.sum[0] = loss;
  node.layers.forEach(({ dW, db }, k) => {
    dW.data.set(gradients[k].dW.data);
    db?.sum.set(gradients[k].db as Float64Array);
  });
  return memory;
}

/** The sum of up to ARITY nodes, in their order. */
export function addedNodes(layers: readonly Layer[], nodes: readonly Float64Array[]): Float64Array {
  const memory = new Float64Array(numbersOfNode(layers));
  const sum = nodeIn(layers, memory);
  for (const node of nodes) addNode(sum, nodeIn(layers, node));
  return memory;
}

/** The total of a node, which is overwritten. */
export function nodeTotal(layers: readonly Layer[], memory: Float64Array): Total {
  return totalOf(nodeIn(layers, memory));
}

/** The sums over the tiles of a batch. All that they remember is in the given memory, which threads can share. */
export class Sums {
  /** The node that is being added up at each level, from the tiles up. */
  readonly #levels: readonly Node[];

  /** Sums over so many tiles, in memory for `numbersOfSums`; it has to be 0 at the first tile. */
  constructor(layers: readonly Layer[], tiles: number, memory: Float64Array) {
    const size = numbersOfNode(layers);
    this.#levels = Array.from({ length: levelsOf(tiles) }, (_, level) =>
      nodeIn(layers, memory.subarray(level * size, (level + 1) * size)),
    );
  }

  /** Adds a tile. Tiles are added in their order, from 0. */
  add(tile: number, loss: number, gradients: readonly ParameterGradients[]): void {
    const [node] = this.#levels;
    addCompensated(Float64Array.of(loss), node.loss.sum, node.loss.lost);
    node.layers.forEach(({ dW, db }, k) => {
      addPlainly(dW.data, gradients[k].dW.data);
      if (db) addCompensated(gradients[k].db as Float64Array, db.sum, db.lost);
    });
    let children = tile + 1;
    for (let level = 0; children % ARITY === 0; level++, children /= ARITY) this.#raise(level);
  }

  /** The sum of all tiles. Nothing may be added afterwards. */
  total(): Total {
    return totalOf(this.#sum());
  }

  /** The same with its rounding errors, as numbers that can be added to others by `addedNodes`. */
  node(): Float64Array {
    return this.#sum().memory;
  }

  #sum(): Node {
    const top = this.#levels.length - 1;
    for (let level = 0; level < top; level++) this.#raise(level);
    return this.#levels[top];
  }

  /** Adds the node of a level to the one above, and clears it. */
  #raise(level: number): void {
    const node = this.#levels[level];
    addNode(this.#levels[level + 1], node);
    clear(node);
  }
}

function clear(node: Node): void {
  node.memory.fill(0);
}

function addPlainly(sum: Float64Array, terms: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += terms[i];
}

function addNode(into: Node, { loss, layers }: Node): void {
  addSum(into.loss, loss);
  layers.forEach(({ dW, db }, k) => {
    addPlainly(into.layers[k].dW.data, dW.data);
    if (db) addSum(into.layers[k].db as Compensated, db);
  });
}

function addSum(into: Compensated, { sum, lost }: Compensated): void {
  addCompensated(sum, into.sum, into.lost);
  addPlainly(into.lost, lost);
}

function totalOf({ loss, layers }: Node): Total {
  return { loss: rounded(loss)[0], gradients: layers.map(({ dW, db }) => ({ dW, db: db && rounded(db) })) };
}

/** The sums with their rounding errors. */
function rounded({ sum, lost }: Compensated): Float64Array {
  compensate(sum, lost);
  return sum;
}
