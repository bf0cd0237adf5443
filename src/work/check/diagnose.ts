// The diagnosis: the simplest hypothesis that explains most, as an answer.
import type { Diagnosis } from '../../../schemas/check.ts';
import type { MistakeName } from '../../../schemas/mistake.ts';
import type { Setting } from '../../backprop/mistakes/change.ts';
import { Backward } from './backward.ts';
import type { Evidence } from './evidence.ts';
import { ForwardSearch } from './forward.ts';
import { type Atom, complexityOf, type Hypothesis, idOf, inOrder } from './hypothesis.ts';
import type { Meter } from './meter.ts';
import { explainWhole } from './whole.ts';

/** Why arrays of a candidate disagree; empty if none does. */
export function diagnose(setting: Setting, evidence: Evidence, tolerance: number, meter: Meter): Diagnosis[] {
  if (evidence.wrong.length === 0) return [];
  const whole = explainWhole(setting, evidence, tolerance);
  const rest = evidence.wrong.filter(({ pointer }) => !whole.some(({ explains }) => explains.includes(pointer)));
  if (rest.length === 0) return whole;
  const [best, ...others] = found(setting, evidence, tolerance, meter);
  return [...whole, ...diagnosesOf(best, others)].map((diagnosis) => inOrderOf(evidence, diagnosis));
}

/** With what it explains in the order of the computation. */
function inOrderOf({ wrong }: Evidence, diagnosis: Diagnosis): Diagnosis {
  const explains = wrong.map(({ pointer }) => pointer).filter((pointer) => diagnosis.explains.includes(pointer));
  return { ...diagnosis, explains };
}

/** The hypotheses, the best first. */
function found(setting: Setting, evidence: Evidence, tolerance: number, meter: Meter): Hypothesis[] {
  const forward = new ForwardSearch(evidence, tolerance, meter);
  const backward = new Backward(evidence, tolerance, meter);
  const hypotheses = forward.search(setting, false).flatMap((walk) => backward.search(walk));
  const [best] = inOrder(hypotheses.map(confirmed));
  const isSimple = best.missed === 0 && complexityOf(best) <= 1;
  // The gradients may show a mistake in the forward pass, of which the candidate has nothing; not if those of the last layer are right.
  const hasForward = evidence.items.some(({ pointer }) => /outputs$|inputs$|pre_activations$/.test(pointer));
  const isForwardRight = evidence.at(setting.layers.length - 1, 'weights')?.agrees ?? false;
  if (!isSimple && !hasForward && !isForwardRight)
    for (const walk of forward.search(setting, true).slice(1))
      hypotheses.push(...setting.engine.scratch.reuse(() => backward.search(walk)));
  return distinct(inOrder(hypotheses.map(confirmed)));
}

/** Without mistakes that explain nothing. */
function confirmed(hypothesis: Hypothesis): Hypothesis {
  return { ...hypothesis, atoms: hypothesis.atoms.filter(({ explains }) => explains.length > 0) };
}

function distinct(hypotheses: readonly Hypothesis[]): Hypothesis[] {
  const known = new Set<string>();
  return hypotheses.filter(({ atoms }) => {
    const name = atoms.map((atom) => `${idOf(atom)} ${atom.layer} ${atom.pointer}`).join();
    return !known.has(name) && known.add(name);
  });
}

/** The mistakes of a hypothesis, each with all places in which it was made. */
function groupsOf({ atoms }: Hypothesis): Map<string, Atom[]> {
  const groups = new Map<string, Atom[]>();
  for (const atom of atoms) {
    const id = idOf(atom);
    groups.set(id, [...(groups.get(id) ?? []), atom]);
  }
  return groups;
}

function diagnosesOf(best: Hypothesis, others: readonly Hypothesis[]): Diagnosis[] {
  const groups = groupsOf(best);
  const ids = new Set(groups.keys());
  const rivals = others.filter((other) => other.missed === best.missed && complexityOf(other) <= complexityOf(best));
  const diagnoses = [...groups].map(([id, atoms]) => {
    const alternatives = new Set<MistakeName>();
    for (const rival of rivals) {
      // A rival that differs in this mistake only.
      const its = groupsOf(rival);
      const different = [...its.keys()].filter((one) => !ids.has(one));
      const isOther = its.size === ids.size && different.length === 1 && !its.has(id);
      const [first] = isOther ? (its.get(different[0]) as Atom[]) : [];
      if (first && first.mistake !== atoms[0].mistake) alternatives.add(first.mistake);
    }
    return diagnosisOf(atoms, [...alternatives]);
  });
  return diagnoses.sort((a, b) => b.explains.length - a.explains.length);
}

function diagnosisOf(atoms: readonly Atom[], alternatives: MistakeName[]): Diagnosis {
  const [{ mistake, factor }] = atoms;
  const layers = layersOf(atoms);
  const detail = [
    [...new Set(atoms.map((atom) => atom.detail))].slice(0, MOST_DETAILS).join('; '),
    ...(factor === undefined ? [] : [`and multiplied by ${Number(factor.toPrecision(9))}`]),
    // As in the document, since people count layers from 0 or from 1.
    ...(layers.length > 1 ? [`in ${layers.map((layer) => `layers[${layer}]`).join(', ')}`] : []),
  ];
  return {
    mistake,
    pointer: pointerOf(atoms),
    explains: atoms.flatMap((atom) => atom.explains),
    detail: detail.join(', '),
    residual: Math.max(...atoms.map(({ residual }) => residual)),
    ...(factor !== undefined && { factor }),
    alternatives,
  };
}

/** The details that one diagnosis shows. */
const MOST_DETAILS = 2;

function layersOf(atoms: readonly Atom[]): number[] {
  const layers = new Set(atoms.map(({ layer }) => layer));
  return [...layers].filter((layer) => layer !== undefined).sort((a, b) => a - b);
}

/** Where a mistake was made: in one place, in weights and biases of one layer, or in several layers. */
function pointerOf(atoms: readonly Atom[]): string {
  const [{ pointer }] = atoms;
  if (atoms.every((atom) => atom.pointer === pointer)) return pointer;
  const layers = layersOf(atoms);
  return layers.length === 1 ? `/network/layers/${layers[0]}` : '/network/layers';
}
