// Adds up the loss and the gradients of tiles by one tree, whose shape depends on the number of tiles alone: a complete subtree can be
// computed elsewhere, and the result has the same bits.
import type { Total } from '../backprop/finite.ts';
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
  readonly terms: readonly { readonly dW: Dense; readonly db: Compensated | undefined }[];
}

/** The sizes of one term: of a matrix, and of the vector beside it, if there is one. A layer has them. */
interface TermSize {
  readonly W: { readonly rows: number; readonly columns: number };
  readonly b: { readonly length: number } | undefined;
}

/** What is summed up beside the loss: the sizes of all terms, in their order. */
export type Form = readonly TermSize[];

/** The number of levels of nodes that are being added up at the same time. */
export function levelsOf(tiles: number): number {
  let levels = 1;
  for (let n = tiles; n >= ARITY; n = Math.floor(n / ARITY)) levels++;
  return levels;
}

/** How many numbers the sums over so many tiles take. */
export function numbersOfSums(form: Form, tiles: number): number {
  return levelsOf(tiles) * numbersOfNode(form);
}

/** How many numbers a node takes. */
export function numbersOfNode(form: Form): number {
  return form.reduce((sum, { W, b }) => sum + W.rows * W.columns + 2 * (b?.length ?? 0), 2);
}

/** The node whose numbers lie in `memory`. */
function nodeIn(form: Form, memory: Float64Array): Node {
  let at = 0;
  const next = (n: number) => {
    at += n;
    return memory.subarray(at - n, at);
  };
  const compensated = (n: number): Compensated => ({ sum: next(n), lost: next(n) });
  return {
    memory,
    loss: compensated(1),
    terms: form.map(({ W, b }) => ({
      dW: new Dense(W.rows, W.columns, next(W.rows * W.columns)),
      db: b && compensated(b.length),
    })),
  };
}

/** The node of a single tile. */
export function tileNode(form: Form, { loss, terms }: Total): Float64Array {
  const memory = new Float64Array(numbersOfNode(form));
  const node = nodeIn(form, memory);
  node.loss.sum[0] = loss;
  node.terms.forEach(({ dW, db }, k) => {
    dW.data.set(terms[k].dW.data);
    db?.sum.set(terms[k].db as Float64Array);
  });
  return memory;
}

/** The sum of up to ARITY nodes, in their order. */
export function addedNodes(form: Form, nodes: readonly Float64Array[]): Float64Array {
  const memory = new Float64Array(numbersOfNode(form));
  const sum = nodeIn(form, memory);
  for (const node of nodes) addNode(sum, nodeIn(form, node));
  return memory;
}

/** The total of a node, which is overwritten. */
export function nodeTotal(form: Form, memory: Float64Array): Total {
  return totalOf(nodeIn(form, memory));
}

/** The sums over the tiles of a batch. All that they remember is in the given memory, which threads can share. */
export class Sums {
  /** The node that is being added up at each level, from the tiles up. */
  readonly #levels: readonly Node[];

  /** Sums over so many tiles, in memory for `numbersOfSums`; it has to be 0 at the first tile. */
  constructor(form: Form, tiles: number, memory: Float64Array) {
    const size = numbersOfNode(form);
    this.#levels = Array.from({ length: levelsOf(tiles) }, (_, level) =>
      nodeIn(form, memory.subarray(level * size, (level + 1) * size)),
    );
  }

  /** Adds a tile. Tiles are added in their order, from 0. */
  add(tile: number, { loss, terms }: Total): void {
    const [node] = this.#levels;
    addCompensated(Float64Array.of(loss), node.loss.sum, node.loss.lost);
    node.terms.forEach(({ dW, db }, k) => {
      addPlainly(dW.data, terms[k].dW.data);
      if (db) addCompensated(terms[k].db as Float64Array, db.sum, db.lost);
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

function addNode(into: Node, { loss, terms }: Node): void {
  addSum(into.loss, loss);
  terms.forEach(({ dW, db }, k) => {
    addPlainly(into.terms[k].dW.data, dW.data);
    if (db) addSum(into.terms[k].db as Compensated, db);
  });
}

function addSum(into: Compensated, { sum, lost }: Compensated): void {
  addCompensated(sum, into.sum, into.lost);
  addPlainly(into.lost, lost);
}

function totalOf({ loss, terms }: Node): Total {
  return { loss: rounded(loss)[0], terms: terms.map(({ dW, db }) => ({ dW, db: db && rounded(db) })) };
}

/** The sums with their rounding errors. */
function rounded({ sum, lost }: Compensated): Float64Array {
  compensate(sum, lost);
  return sum;
}
