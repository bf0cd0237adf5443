// Adds up the loss and the gradients of tiles by one tree, whose shape depends on the number of tiles alone: a complete subtree can be
// computed elsewhere, and the result has the same bits.
import type { Extra } from '../../schemas/gradients.ts';
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

/** What is summed up: the gradients of all layers, and with `squares` also the squares of the samples' shares. */
export interface Form {
  readonly layers: readonly Layer[];
  readonly squares: boolean;
}

export function formOf(layers: readonly Layer[], include: readonly Extra[]): Form {
  return { layers, squares: include.includes('squared_gradients') };
}

/** The layers of all numbers of a node: the squares follow the gradients. */
function summedLayers({ layers, squares }: Form): readonly Layer[] {
  return squares ? [...layers, ...layers] : layers;
}

/** The gradients and squares of a tile, in the order of a node. */
function termsOf({ gradients, squares = [] }: Total): readonly ParameterGradients[] {
  return [...gradients, ...squares];
}

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
  return summedLayers(form).reduce((sum, { W, b }) => sum + W.data.length + 2 * (b?.length ?? 0), 2);
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
    layers: summedLayers(form).map(({ W, b }) => ({
      dW: new Dense(W.rows, W.columns, next(W.data.length)),
      db: b && compensated(b.length),
    })),
  };
}

/** The node of a single tile. */
export function tileNode(form: Form, total: Total): Float64Array {
  const memory = new Float64Array(numbersOfNode(form));
  const node = nodeIn(form, memory);
  node.loss.sum[0] = total.loss;
  const terms = termsOf(total);
  node.layers.forEach(({ dW, db }, k) => {
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
  return totalOf(form, nodeIn(form, memory));
}

/** The sums over the tiles of a batch. All that they remember is in the given memory, which threads can share. */
export class Sums {
  /** The node that is being added up at each level, from the tiles up. */
  readonly #levels: readonly Node[];
  readonly #form: Form;

  /** Sums over so many tiles, in memory for `numbersOfSums`; it has to be 0 at the first tile. */
  constructor(form: Form, tiles: number, memory: Float64Array) {
    this.#form = form;
    const size = numbersOfNode(form);
    this.#levels = Array.from({ length: levelsOf(tiles) }, (_, level) =>
      nodeIn(form, memory.subarray(level * size, (level + 1) * size)),
    );
  }

  /** Adds a tile. Tiles are added in their order, from 0. */
  add(tile: number, total: Total): void {
    const [node] = this.#levels;
    const terms = termsOf(total);
    addCompensated(Float64Array.of(total.loss), node.loss.sum, node.loss.lost);
    node.layers.forEach(({ dW, db }, k) => {
      addPlainly(dW.data, terms[k].dW.data);
      if (db) addCompensated(terms[k].db as Float64Array, db.sum, db.lost);
    });
    let children = tile + 1;
    for (let level = 0; children % ARITY === 0; level++, children /= ARITY) this.#raise(level);
  }

  /** The sum of all tiles. Nothing may be added afterwards. */
  total(): Total {
    return totalOf(this.#form, this.#sum());
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

function totalOf(form: Form, { loss, layers }: Node): Total {
  const sums = layers.map(({ dW, db }) => ({ dW, db: db && rounded(db) }));
  const end = form.layers.length;
  return { loss: rounded(loss)[0], gradients: sums.slice(0, end), ...(form.squares && { squares: sums.slice(end) }) };
}

/** The sums with their rounding errors. */
function rounded({ sum, lost }: Compensated): Float64Array {
  compensate(sum, lost);
  return sum;
}
