// The client: operations, datasets and jobs of one service.
import { merge, type Part, problemOfWhole, split } from './batches.ts';
import { type CallOptions, Connection, JSON_TYPE, type Options, SAFETENSORS } from './connection.ts';
import { Datasets } from './datasets.ts';
import { decodeAnswer, encodeRequest } from './document.ts';
import { Job, type Progress } from './jobs.ts';
import { Problem } from './problem.ts';
import type { Answers, JobOperation, LayerGradients, Numbers, Operation, Requests } from './types.ts';
import { directionOf } from './vectors.ts';

type JacobianAnswer<Jacobian> = Answers['jacobian'] & { readonly jacobian: Jacobian };

/**
 * A client for one service. Every operation takes the API's document, and throws `Problem` if the service refuses it, `TimeoutError` if it
 * is silent, and `ConnectionError` if it cannot be reached.
 */
export class Client {
  readonly datasets: Datasets;
  readonly #connection: Connection;
  readonly #maxBatch: number | undefined;
  readonly #connections: number;

  constructor({ maxBatch, connections = 4, ...options }: Options = {}) {
    for (const [name, value] of Object.entries({ maxBatch, connections }))
      if (value !== undefined && !(Number.isInteger(value) && value >= 1))
        throw new RangeError(`expected ${name} to be a whole number of at least 1, got ${value}`);
    this.#maxBatch = maxBatch;
    this.#connections = connections;
    this.#connection = new Connection(options);
    this.datasets = new Datasets(this.#connection);
  }

  /** The URLs of the service. */
  get urls(): readonly string[] {
    return this.#connection.urls;
  }

  /** The loss of a network on a batch, and its gradients with respect to every weight and bias. */
  gradients(request: Requests['gradients'], options?: CallOptions): Promise<Answers['gradients']> {
    return this.ask('gradients', request, options);
  }

  /** A vector-Jacobian product: the gradients of sum(cotangents * outputs). */
  vjp(request: Requests['vjp'], options?: CallOptions): Promise<Answers['vjp']> {
    return this.ask('vjp', request, options);
  }

  /** A Jacobian-vector product: how the outputs change along a direction of the parameters and the inputs. */
  jvp(request: Requests['jvp'], options?: CallOptions): Promise<Answers['jvp']> {
    return this.ask('jvp', request, options);
  }

  /**
   * The derivatives of each output of each sample: with respect to its inputs samples x outputs x features; or to all parameters, per layer,
   * with two axes before those of the layer, the samples and the outputs of the network.
   */
  jacobian(request: Requests['jacobian'] & { readonly of: 'inputs' }, options?: CallOptions): Promise<JacobianAnswer<Numbers>>;
  jacobian(
    request: Requests['jacobian'] & { readonly of: 'parameters' },
    options?: CallOptions,
  ): Promise<JacobianAnswer<readonly LayerGradients[]>>;
  jacobian(request: Requests['jacobian'], options?: CallOptions): Promise<JacobianAnswer<never>> {
    return this.ask('jacobian', request, options) as Promise<JacobianAnswer<never>>;
  }

  /** The product of the Hessian of the loss, or of its Gauss-Newton part, and a vector. */
  hvp(request: Requests['hvp'], options?: CallOptions): Promise<Answers['hvp']> {
    return this.ask('hvp', request, options);
  }

  /** The Hessian of the loss, or its Gauss-Newton part, and damped steps by it. */
  hessian(request: Requests['hessian'], options?: CallOptions): Promise<Answers['hessian']> {
    return this.ask('hessian', request, options);
  }

  /** What is wrong in a backpropagation of your own. */
  check(request: Requests['check'], options?: CallOptions): Promise<Answers['check']> {
    return this.ask('check', request, options);
  }

  /** The answer of an operation. */
  async ask<Name extends Operation>(operation: Name, request: Requests[Name], options: CallOptions = {}): Promise<Answers[Name]> {
    const parts = this.#maxBatch && split(operation, request, this.#maxBatch);
    return parts ? merge(parts, await this.#askParts(operation, parts, options)) : this.#ask(operation, request, options);
  }

  /** The answers to the parts of a request. The first that fails ends the others. */
  async #askParts<Name extends Operation>(
    operation: Name,
    parts: readonly Part<Name>[],
    options: CallOptions,
  ): Promise<Answers[Name][]> {
    const failed = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
    const answers: Answers[Name][] = [];
    // All connections take from one iterator.
    const waiting = parts.entries();
    const connection = async () => {
      for (const [i, part] of waiting) {
        answers[i] = await this.#ask(operation, part.request, { signal }).catch((error: unknown) => {
          if (!failed.signal.aborted) failed.abort(error instanceof Problem ? problemOfWhole(operation, part, error) : error);
          throw failed.signal.reason;
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(parts.length, this.#connections) }, connection));
    return answers;
  }

  async #ask<Name extends Operation>(operation: Name, request: Requests[Name], options: CallOptions): Promise<Answers[Name]> {
    const sent = { method: 'POST', body: bodyOf(request), headers: { 'content-type': SAFETENSORS }, ...options };
    if (operation === 'check') return (await this.#connection.json(`/${operation}`, sent)) as Answers[Name];
    const { body } = await this.#connection.ask(`/${operation}`, { ...sent, expected: SAFETENSORS });
    return decodeAnswer(body) as Answers[Name];
  }

  /**
   * Submits a request as a job, which may take longer than a request, and goes on if this program ends.
   * @param idempotencyKey the same key and request give the same job; by default a new one, under which retries make one job.
   */
  async submit<Name extends JobOperation>(
    operation: Name,
    request: Requests[Name],
    { idempotencyKey = crypto.randomUUID(), ...options }: CallOptions & { readonly idempotencyKey?: string } = {},
  ): Promise<Job<Answers[Name]>> {
    const headers = { 'content-type': SAFETENSORS, prefer: 'respond-async', 'idempotency-key': idempotencyKey };
    const sent = { method: 'POST', body: bodyOf(request), headers, expected: JSON_TYPE, ...options };
    const { id } = (await this.#connection.json(`/${operation}`, sent)) as Progress;
    return new Job(this.#connection, id);
  }

  /** A job by its id, such as one that another program has submitted. @throws Problem (404) if there is none. */
  async job<Name extends JobOperation = 'gradients'>(id: string, options: CallOptions = {}): Promise<Job<Answers[Name]>> {
    const job = new Job<Answers[Name]>(this.#connection, id);
    await job.progress(options);
    return job;
  }

  /** The jobs of this client's owner, newest first. */
  async jobs(options: CallOptions = {}): Promise<readonly Job<unknown>[]> {
    const { jobs } = (await this.#connection.json('/jobs', options)) as { jobs: Progress[] };
    return jobs.map(({ id }) => new Job(this.#connection, id));
  }
}

/** A request in safetensors. Directions may be flat. */
function bodyOf(request: Requests[Operation]): Uint8Array<ArrayBuffer> {
  const { network } = request;
  if ('vector' in request) return encodeRequest({ ...request, vector: directionOf(request.vector, network) });
  if (!('tangents' in request) || !request.tangents.parameters) return encodeRequest(request);
  const { parameters, ...tangents } = request.tangents;
  return encodeRequest({ ...request, tangents: { ...tangents, parameters: directionOf(parameters, network) } });
}
