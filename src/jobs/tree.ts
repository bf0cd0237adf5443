// The tree of a job's sums: its leaves are the parts, and each other node is the sum of up to ARITY children.
import { ARITY } from '../work/sums.ts';
import type { Node } from './records.ts';

export function nameOf({ height, index }: Node): string {
  return `${height}-${index}`;
}

/** The number of nodes at a height. */
export function countAt(parts: number, height: number): number {
  return Math.ceil(parts / ARITY ** height);
}

/** The height of the root. */
export function heightOf(parts: number): number {
  let height = 0;
  while (countAt(parts, height) > 1) height++;
  return height;
}

/** Whether a tree of so many leaves has a node. */
export function hasNode(parts: number, { height, index }: Node): boolean {
  const isThere = (i: number, count: number) => Number.isInteger(i) && i >= 0 && i < count;
  return isThere(height, heightOf(parts) + 1) && isThere(index, countAt(parts, height));
}

export function parentOf({ height, index }: Node): Node {
  return { height: height + 1, index: Math.floor(index / ARITY) };
}

/** The children of a node above the leaves, in their order. */
export function childrenOf({ height, index }: Node, parts: number): Node[] {
  const first = index * ARITY;
  const end = Math.min(first + ARITY, countAt(parts, height - 1));
  return Array.from({ length: end - first }, (_, i) => ({ height: height - 1, index: first + i }));
}

/** Whether the result of a leaf is there, or in that of a node above it: `done` has the names of the nodes that are there. */
export function isCovered(leaf: number, parts: number, done: ReadonlySet<string>): boolean {
  let node: Node = { height: 0, index: leaf };
  for (; node.height <= heightOf(parts); node = parentOf(node)) if (done.has(nameOf(node))) return true;
  return false;
}
