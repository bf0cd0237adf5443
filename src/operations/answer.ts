// From the bytes of a request to the bytes of its answer: decode and check, plan, check the cost, compute, encode.
import type { Cost } from '../backprop/cost.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Encoded, Precision } from '../wire/codec.ts';
import { codecs, type MediaType } from '../wire/codecs.ts';
import { RequestSchema } from '../wire/request-schema.ts';
import type { Plan } from '../work/plan.ts';
import type { Team } from '../work/team.ts';
import { checkCost, type Limits } from './limits.ts';
import type { Operation } from './operation.ts';
import { type Phase, type Report, stopwatch } from './report.ts';

const NO_ROOM = new ArrayBuffer(0);

/** A request: the name of its operation, its body, and the media types of the body and of the answer. */
export interface Task {
  readonly operation: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: MediaType;
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
   * Decodes, checks and plans a request. Fills in the phases, sizes and flops of the report.
   * Call it, and the result's `run`, within `recycle` of the engine's scratch memory.
   * @throws Refusal of any type about the body.
   */
  prepare(task: Task, report: Report): Prepared {
    const { operation, schema } = this.#operations.get(task.operation) as { operation: Operation; schema: RequestSchema };
    const { bytes } = task;
    const ended = stopwatch(report);
    const body = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { document, precision } = codecs[task.mediaType].decode(body, schema, this.#limits, this.#engine.scratch);
    ended('decode');
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
