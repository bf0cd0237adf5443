// From the bytes of a request to the bytes of its answer: decode and check, plan, check the cost, compute, encode.
import type { Cost } from '../backprop/cost.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Encoded, Precision } from '../wire/codec.ts';
import { codecs, type MediaType } from '../wire/codecs.ts';
import { RequestSchema } from '../wire/request-schema.ts';
import type { Plan } from '../work/plan.ts';
import type { Team } from '../work/team.ts';
import { checkSelection, type Data, pointingAtDataset, suffices, type Wanted, wantedBy, withData } from './data.ts';
import { checkCost, type Limits } from './limits.ts';
import type { Operation } from './operation.ts';
import { type Phase, type Report, stopwatch } from './report.ts';

const NO_ROOM = new ArrayBuffer(0);

/** The name of an operation, and the body of a request with its media type. */
export interface Request {
  readonly operation: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: MediaType;
  /** Rows of the dataset that the request probably names, or that it was found to want. */
  readonly data?: Data;
}

/** A request, with the media type of the answer. */
export interface Task extends Request {
  readonly answerType: MediaType;
}

/** A request that has passed all checks and limits, ready to run. */
export interface Prepared {
  readonly cost: Cost;
  /** Upper bounds. */
  readonly computedBytes: number;
  readonly answerBytes: number;
  /**
   * Computes and encodes the answer; into `room`, if the encoding is a Buffer and fits. Computes with `team`, if given.
   * @throws Refusal `out-of-domain` or `non-finite-result`.
   */
  run(room?: ArrayBuffer, team?: Team): Encoded;
}

/** Answers the requests of one thread, one at a time. */
export class Answerer {
  readonly #operations: ReadonlyMap<string, { operation: Operation; schema: RequestSchema }>;
  readonly #engine: Engine;
  readonly #limits: Limits;

  constructor(operations: readonly Operation[], engine: Engine, limits: Limits) {
    this.#operations = new Map(
      operations.map((operation) => [
        operation.name,
        { operation, schema: new RequestSchema(operation.request, operation.conflicts) },
      ]),
    );
    this.#engine = engine;
    this.#limits = limits;
  }

  /**
   * Decodes, checks and plans a request; or returns the rows of a dataset that it wants first. Fills in the phases, sizes and flops of the
   * report.
   * Call it, and the result's `run`, within `recycle` of the engine's scratch memory.
   * @throws Refusal of any type about the body.
   */
  prepare(task: Task, report: Report): Prepared | Wanted {
    const ended = stopwatch(report);
    const { operation, document, precision } = this.decode(task);
    ended('decode');
    const wanted = wantedBy(document);
    if (!wanted) return this.#prepare(operation, document, precision, task, report, ended);
    const { data } = task;
    if (data?.name !== wanted.dataset) return wanted;
    checkSelection(document, data.samples);
    if (!suffices(data, wanted)) return wanted;
    const prepared = pointingAtDataset(document, () =>
      this.#prepare(
        operation,
        withData(document, data, operation.conflicts, this.#engine.scratch),
        precision,
        task,
        report,
        ended,
      ),
    );
    return { ...prepared, run: (room, team) => pointingAtDataset(document, () => prepared.run(room, team)) };
  }

  /** @throws Refusal of any type about the document. */
  decode({ operation: name, bytes, mediaType }: Request): { operation: Operation; document: unknown; precision: Precision } {
    const { operation, schema } = this.#operations.get(name) as { operation: Operation; schema: RequestSchema };
    const body = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { operation, ...codecs[mediaType].decode(body, schema, this.#limits, this.#engine.scratch) };
  }

  #prepare(
    operation: Operation,
    document: unknown,
    precision: Precision,
    task: Task,
    report: Report,
    ended: (phase: Phase) => void,
  ): Prepared {
    const plan: Plan<object> = operation.plan(document as never);
    const { sizes, cost } = plan;
    report.sizes = sizes;
    report.flops = cost.flops;
    const { computedBytes, answerBytes } = checkCost(cost, codecs[task.answerType].bytesPerNumber, this.#limits);
    ended('check');
    return {
      cost,
      computedBytes,
      answerBytes,
      run: (room, team) => this.#run(plan, task.answerType, precision, room ?? NO_ROOM, team, ended),
    };
  }

  #run(
    plan: Plan<object>,
    answerType: MediaType,
    precision: Precision,
    room: ArrayBuffer,
    team: Team | undefined,
    ended: (phase: Phase) => void,
  ): Encoded {
    const result = plan.run(this.#engine, team);
    ended('compute');
    const encoded = codecs[answerType].encode(result, room, precision);
    ended('encode');
    return encoded;
  }
}
