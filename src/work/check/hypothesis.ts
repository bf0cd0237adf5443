// A hypothesis: mistakes that may have been made, and what they explain.
import { type MistakeName, mistakes } from '../../../schemas/mistake.ts';
import type { BoundPenalty } from '../../backprop/penalty.ts';
import type { Item } from './evidence.ts';

/** A mistake that may have been made in one place. */
export interface Atom {
  readonly mistake: MistakeName;
  /** Distinguishes ways of the same mistake. */
  readonly key: string;
  /** The layer; undefined for the loss and the batch. */
  readonly layer: number | undefined;
  readonly pointer: string;
  readonly detail: string;
  /** A constant factor that was fitted beside the mistake. */
  readonly factor?: number;
  /** A penalty that was fitted. */
  readonly penalty?: BoundPenalty;
  /** Whether it concerns one array only, and nothing that is computed from it. */
  readonly isLeaf: boolean;
  /** Whether it was made in every layer that has the line. */
  readonly isEverywhere?: boolean;
  readonly explains: readonly string[];
  /** The largest relative error of what it explains. */
  readonly residual: number;
}

/** Atoms with the same identity are one mistake, made in several places. */
export function idOf({ mistake, key, factor }: Pick<Atom, 'mistake' | 'key' | 'factor'>): string {
  return factor === undefined ? `${mistake} ${key}` : `${mistake} ${key} ${factor.toPrecision(6)}`;
}

export interface Hypothesis {
  readonly atoms: readonly Atom[];
  /** Only atoms from here on flow into what comes next. */
  readonly liveFrom: number;
  /** How many arrays of the candidate it does not give. */
  readonly missed: number;
}

export const NO_MISTAKE: Hypothesis = { atoms: [], liveFrom: 0, missed: 0 };

/** Notes that an array of the candidate is as the hypothesis says: what disagrees with the right one is explained. */
export function explained<H extends Hypothesis>(hypothesis: H, item: Item, error: number): H {
  if (item.agrees) return hypothesis;
  const atoms = hypothesis.atoms.map((atom, i) => (atom.isLeaf || i < hypothesis.liveFrom ? atom : withArray(atom, item, error)));
  return { ...hypothesis, atoms };
}

/** The atom with one more array that it explains. */
export function withArray(atom: Atom, { pointer }: Item, error: number): Atom {
  return { ...atom, explains: [...atom.explains, pointer], residual: Math.max(atom.residual, error) };
}

export function withAtom<H extends Hypothesis>(hypothesis: H, atom: Atom): H {
  return { ...hypothesis, atoms: [...hypothesis.atoms, atom] };
}

/** Notes that an array of the candidate is not as the hypothesis says. What follows is computed from the candidate's array. */
export function missed<H extends Hypothesis>(hypothesis: H, isFlow: boolean): H {
  return {
    ...hypothesis,
    missed: hypothesis.missed + 1,
    liveFrom: isFlow ? hypothesis.atoms.length : hypothesis.liveFrom,
  };
}

/** The mistake that no array of the candidate has confirmed yet. */
export function pendingIn({ atoms }: Hypothesis): Atom | undefined {
  return atoms.find(({ explains }) => explains.length === 0);
}

const ORDER = new Map(Object.keys(mistakes).map((name, i) => [name, i]));

/** The place of a mistake in the catalogue. */
export function rankOf(mistake: MistakeName): number {
  return ORDER.get(mistake) as number;
}

/** What was fitted explains less than what was not. */
function weightOf({ mistake, factor }: Atom): number {
  return (mistake === 'constant-factor' ? 1.25 : 1) + (factor === undefined ? 0 : 0.5);
}

/** How complicated a hypothesis is: how many different mistakes it has. */
export function complexityOf({ atoms }: Hypothesis): number {
  const ids = new Map(atoms.map((atom) => [idOf(atom), weightOf(atom)]));
  let sum = 0;
  for (const weight of ids.values()) sum += weight;
  return sum;
}

/** Sorts the hypotheses: first those that miss least, then the simplest, then the likeliest. */
export function inOrder<H extends Hypothesis>(hypotheses: readonly H[]): H[] {
  const keys = new Map(
    hypotheses.map((hypothesis) => [
      hypothesis,
      [
        hypothesis.missed,
        complexityOf(hypothesis),
        hypothesis.atoms.length * 0.01,
        hypothesis.atoms.reduce((sum, { mistake }) => sum + rankOf(mistake), 0),
        // What is in one array rather needs no cause before it.
        hypothesis.atoms.filter(({ isLeaf, layer }) => !isLeaf && layer !== undefined).length,
      ],
    ]),
  );
  return [...hypotheses].sort((a, b) => {
    const [ka, kb] = [keys.get(a) as number[], keys.get(b) as number[]];
    for (let i = 0; i < ka.length; i++) if (ka[i] !== kb[i]) return ka[i] - kb[i];
    return 0;
  });
}
