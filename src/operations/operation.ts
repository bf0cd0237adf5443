// The interface of an operation: something that the service computes, at POST /<name>. Independent of threads and HTTP.
import type { TSchema } from '@sinclair/typebox';
import type { Conflicts } from '../wire/request-schema.ts';
import type { PartSize, Parts, Plan } from '../work/plan.ts';

export interface Operation<Request = unknown, Result extends object = object> {
  /** Used as path, as operationId and as label in metrics. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly request: TSchema;
  readonly answer: TSchema;
  /** Whether the answer is always JSON: it has texts. */
  readonly answersJson?: true;
  /** Requests with their answers, for the documentation. */
  readonly examples: Examples;
  readonly conflicts: Conflicts;
  /**
   * Checks the shapes of a request that fits the schema, and estimates its cost. Computes nothing.
   * @throws Refusal `shape-mismatch`.
   */
  plan(request: Request): Plan<Result>;
  /**
   * Only of an additive operation, whose answer is computed from sums over samples: the same by parts, for jobs. The request holds all of
   * the `samples` of its batch, or those of one part; without a number, all of them.
   * @throws Refusal `shape-mismatch` or `not-additive`.
   */
  parts?(request: Request, samples: number | undefined, size: PartSize): Parts<Result>;
}

export type Examples = Record<string, { readonly summary: string; readonly request: object; readonly answer: object }>;

/** The operations of a service, and the URL of the module that exports them as `operations`; every thread imports it too. */
export interface Registry {
  readonly module: string;
  readonly operations: readonly Operation[];
}
