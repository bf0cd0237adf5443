// What a job consists of, and who computes it. A job is a tree: its leaves are the parts of the batch, ranges of samples; a node is the
// sum of up to ARITY children, in their order; the root gives the answer. The result of each is a pure function of the job and its place
// in the tree, so that computing it twice, here or elsewhere, has the effect of once.
import type { Divisor } from '../backprop/reduction.ts';
import type { Content } from '../store/dataset.ts';
import type { Encoded } from '../wire/codec.ts';
import type { MediaType } from '../wire/codecs.ts';

/** The request of a job: the body of POST /<operation>. */
export interface JobRequest {
  readonly operation: string;
  readonly mediaType: MediaType;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What is known of a job before it runs; it can be written as JSON. */
export interface JobPlan {
  /** The dataset that the job reads, pinned; left out if the batch is in the request. */
  readonly content?: Content;
  readonly samples: number;
  readonly flops: number;
  /** The number of leaves, at least 1. */
  readonly parts: number;
  readonly samplesPerPart: number;
  /** The size of a result. */
  readonly nodeBytes: number;
  /** The divisor, if it depends on no data. */
  readonly divisor?: Divisor;
  /** The row of the dataset that is the first sample; left out if rows are selected by indices. */
  readonly firstRow?: number;
}

export interface Job {
  readonly request: JobRequest;
  readonly plan: JobPlan;
}

/**
 * Computes the steps of jobs. A step whose `signal` is aborted is given up, and rejects with the reason of the signal.
 */
export interface Runner {
  /** What the bits of results depend on beside the job: results of runners with different ones are never mixed. */
  readonly fingerprint: string;
  /**
   * Checks a request, without reading the rows of its dataset.
   * @throws Refusal of any type about the request, such as `invalid-request`, `shape-mismatch` or `unknown-dataset`.
   */
  plan(owner: string, request: JobRequest): Promise<JobPlan>;
  /**
   * The divisor of the reduction, over all samples. Reads classes and weights only, and only if it depends on them.
   * @throws Refusal `out-of-domain` or `dataset-changed`, which fail the job, as those of `part` and `answer` do.
   */
  divisor(job: Job, signal?: AbortSignal): Promise<Divisor>;
  /** The result of leaf `i`. @throws Refusal `overloaded` if there is no room at the moment; others fail the job. */
  part(job: Job, divisor: Divisor, i: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The sum of the results of up to ARITY children, in their order. */
  merge(job: Job, children: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array>;
  /** The answer, from the result of the root. @throws Refusal `non-finite-result`. */
  answer(job: Job, divisor: Divisor, root: Uint8Array, answerType: MediaType, signal?: AbortSignal): Promise<Encoded>;
}
