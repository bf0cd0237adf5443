// The steps of a job that need the mathematics: each is a function of the request, the rows of its part, and the results of other steps.
import type { Divisor, DivisorState } from '../backprop/reduction.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Refusal } from '../refusal.ts';
import type { Rows } from '../store/dataset.ts';
import type { Encoded } from '../wire/codec.ts';
import type { MediaType } from '../wire/codecs.ts';
import { codecs } from '../wire/codecs.ts';
import type { PartSize, Parts } from '../work/plan.ts';
import type { Team } from '../work/team.ts';
import type { Answerer, Request } from './answer.ts';
import { firstRowOf, indicesOf, ofPart, pointingAtDataset, type Shapes, type Wanted, wantedBy, withShapes } from './data.ts';
import { checkCost, type Limits } from './limits.ts';

/** Samples of a batch. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** What the parts of a job are. */
export interface Planned {
  readonly samples: number;
  readonly flops: number;
  readonly parts: number;
  readonly samplesPerPart: number;
  /** The size of a result of the tree. */
  readonly nodeBytes: number;
  /** The divisor, if it depends on no data. */
  readonly divisor: Divisor | undefined;
  /** The row of the dataset that is the first sample; undefined if rows are selected by indices. */
  readonly firstRow: number | undefined;
}

/** The samples of a part: those of its dataset's rows are given, in their order. */
interface OfPart {
  /** The number of samples in the whole batch. */
  readonly samples: number;
  readonly range: Range;
  readonly rows: Rows | undefined;
  readonly samplesPerPart: number;
}

/** A step that needs the shapes of the whole batch only. */
interface OfWhole {
  /** Those of its dataset, if it has one. */
  readonly shapes: Shapes | undefined;
  readonly samplesPerPart: number;
}

/** A step, with the type of its result. */
export type Step =
  | { readonly step: 'plan'; readonly shapes: Shapes | undefined }
  | { readonly step: 'indices'; readonly range: Range }
  | ({ readonly step: 'divisor'; readonly state: DivisorState } & OfPart)
  | ({ readonly step: 'part'; readonly i: number; readonly divisor: Divisor } & OfPart)
  | ({ readonly step: 'find'; readonly i: number; readonly divisor: Divisor; readonly root: Float64Array } & OfPart)
  | ({ readonly step: 'merge'; readonly nodes: readonly Float64Array[] } & OfWhole)
  | ({
      readonly step: 'answer';
      readonly divisor: Divisor;
      readonly root: Float64Array;
      readonly answerType: MediaType;
    } & OfWhole);

export type StepTask = Omit<Request, 'data'> & Step;

/** By the names of the steps. */
export interface StepResults {
  /** Or the dataset that the request names, whose shapes the plan wants. */
  plan: Planned | Wanted;
  indices: Float64Array;
  divisor: DivisorState;
  part: Float64Array;
  find: { readonly position: number; readonly refusal: Pick<Refusal, 'type' | 'refused'> };
  merge: Float64Array;
  /** Undefined if the result is not finite: then `find` finds out why. */
  answer: Encoded | undefined;
}

/** What a step needs of its thread. */
export interface Workplace {
  readonly answerer: Answerer;
  readonly engine: Engine;
  readonly limits: Limits;
  /** Reserves the memory of a step, and gathers a team for it. */
  readonly teamFor: (cost: Parts<object>['cost'], bytes: number) => Team | undefined;
}

/**
 * Runs a step, within `recycle` of the engine's scratch memory.
 * @throws Refusal of any type about the request or its data; `overloaded`.
 */
export function runStep(task: StepTask, { answerer, engine, limits, teamFor }: Workplace): StepResults[Step['step']] {
  const { operation, document, precision } = answerer.decode(task);
  const partsOf = operation.parts as NonNullable<typeof operation.parts>;
  const whole = (shapes: Shapes | undefined, size: PartSize) =>
    partsOf(shapes ? withShapes(document, shapes, operation.conflicts) : document, undefined, size);
  const within = ({ range, rows, samples, samplesPerPart }: OfPart) =>
    partsOf(rows ? ofPart(document, range, rows) : document, samples, { samples: samplesPerPart });
  switch (task.step) {
    case 'plan': {
      const wanted = wantedBy(document);
      if (wanted && !task.shapes) return wanted;
      return pointingAtDataset(document, () => planned(whole(task.shapes, { flops: limits.JOB_PART_FLOPS }), document, limits));
    }
    case 'indices':
      return indicesOf(document, task.range);
    case 'divisor':
      return pointingAtDataset(document, () => within(task).addToDivisor(task.state), task.range.first);
    case 'part': {
      const parts = within(task);
      const bytes = parts.cost.keptNumbers * Float64Array.BYTES_PER_ELEMENT;
      const team = teamFor(parts.cost, bytes);
      return pointingAtDataset(document, () => parts.compute(task.i, task.divisor, engine, team), task.range.first);
    }
    case 'find': {
      const { position, refusal } = within(task).find(task.i, task.divisor, task.root, engine);
      return { position, refusal: { type: refusal.type, refused: refusal.refused } };
    }
    case 'merge':
      return whole(task.shapes, { samples: task.samplesPerPart }).merge(task.nodes);
    case 'answer': {
      const result = whole(task.shapes, { samples: task.samplesPerPart }).result(task.divisor, task.root);
      return result && codecs[task.answerType].encode(result, new ArrayBuffer(0), precision);
    }
  }
}

function planned(parts: Parts<object>, document: unknown, limits: Limits): Planned {
  const { sizes, cost, count, nodeNumbers, divisor } = parts;
  checkCost(cost, codecs['application/vnd.safetensors'].bytesPerNumber, limits, 'JOB_MAX_FLOPS');
  return {
    samples: sizes.samples,
    flops: cost.flops,
    parts: count,
    samplesPerPart: parts.samplesOf(0).end,
    nodeBytes: nodeNumbers * Float64Array.BYTES_PER_ELEMENT,
    divisor,
    firstRow: firstRowOf(document),
  };
}
