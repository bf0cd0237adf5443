// An exchange: one request, from its headers to the end of its answer. Holds its data, and what to do at its end.
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemType } from '../../schemas/problem.ts';
import type { Sizes } from '../backprop/shapes.ts';
import type { Phase, Report } from '../operations/report.ts';
import type { MediaType } from '../wire/codecs.ts';

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange;
  }
}

/** The data of one request and its answer. */
export class Exchange implements Report {
  /** In milliseconds of performance.now(). */
  readonly began = performance.now();
  readonly phases: Partial<Record<Phase, number>> = {};
  sizes?: Sizes;
  flops?: number;
  /** The address of the client, as TRUST_PROXY says; undefined on a UNIX socket, and if the socket has closed already. */
  readonly address: string | undefined;
  /** The client for rate limits and quotas: the digest of its API key if that is valid, otherwise its address. */
  client = '';
  /** Whose datasets and jobs the request may use: that of its API key; without keys, everybody. */
  owner = 'everybody';
  /** The path of the route, as declared; undefined if no route matches. */
  route: string | undefined;
  /** The name of the requested operation. */
  operation?: string;
  /** The media types of the body and of the answer. */
  mediaType: MediaType = 'application/json';
  answerType: MediaType = 'application/json';
  /** The length of the body, decompressed; undefined until it has arrived. */
  receivedBytes: number | undefined;
  /** The problem type, if the request was refused or failed. */
  problem?: ProblemType;
  /** Whether the body may arrive for longer than REQUEST_TIMEOUT_MS: see upload.ts. */
  isUpload = false;
  /** Whether every byte of the answer has been passed to the operating system. */
  isSent = false;
  readonly #endings: (() => void)[] = [];
  #isOver = false;

  constructor(address: string | undefined) {
    this.address = address;
  }

  /** Calls back when the answer has been sent or the client has disconnected; immediately if the exchange has ended already. */
  atEnd(callback: () => void): void {
    if (this.#isOver) callback();
    else this.#endings.push(callback);
  }

  end(): void {
    this.#isOver = true;
    for (const ending of this.#endings) ending();
  }
}

/** A finished request. */
export interface Finished {
  readonly request: FastifyRequest;
  readonly exchange: Exchange;
  /** Undefined if the client disconnected before the status was sent. */
  readonly status: number | undefined;
  /** Milliseconds from the headers of the request to the last byte of the answer. */
  readonly duration: number;
  /** The length of the answer's body, if known. */
  readonly sentBytes: number | undefined;
  /** Whether the client disconnected before it had the whole answer. */
  readonly isCutOff: boolean;
}

export type Observer = (finished: Finished) => void;

/** Begins and ends every exchange of an application. */
export class Exchanges {
  readonly #observers: readonly Observer[];
  readonly #inFlight = new Set<FastifyReply>();
  #areLast = false;
  /** How long connections without a request are kept when the application closes, in milliseconds. */
  unusedMs = 0;
  /** Called whenever the last exchange in flight has ended. */
  whenIdle: () => void = () => {};

  /** Must be constructed before routes are added. */
  constructor(app: FastifyInstance, observers: readonly (Observer | undefined)[]) {
    this.#observers = observers.filter((observer) => observer !== undefined);
    app.decorateRequest('exchange');
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** The connections with an exchange in flight. */
  get busySockets(): Set<Socket> {
    return new Set([...this.#inFlight].map(({ request }) => request.raw.socket));
  }

  /** The connections over which a request that began before `time`, in milliseconds of performance.now(), is still arriving. */
  lateSockets(time: number): Socket[] {
    return [...this.#inFlight].flatMap(({ request: { exchange, raw } }) =>
      exchange.began < time && !exchange.isUpload && !raw.complete && raw.socket instanceof Socket ? [raw.socket] : [],
    );
  }

  /** Begins an exchange. One listener for its end calls all others: further listeners would slow down small requests. */
  begin(request: FastifyRequest, reply: FastifyReply): void {
    request.exchange = new Exchange(request.ip);
    this.#inFlight.add(reply);
    if (this.#areLast) reply.header('connection', 'close');
    if (request.headers.upgrade !== undefined) leaveProtocol(request, reply);
    reply.raw
      .on('finish', () => {
        request.exchange.isSent = true;
      })
      .on('close', () => this.#end(request, reply));
  }

  /** From now on every answer closes its connection. */
  closeConnections(): void {
    this.#areLast = true;
    for (const reply of this.#inFlight) reply.header('connection', 'close');
  }

  #end(request: FastifyRequest, reply: FastifyReply): void {
    const { exchange } = request;
    const { raw } = reply;
    exchange.end();
    this.#inFlight.delete(reply);
    if (this.#inFlight.size === 0) this.whenIdle();
    const length = reply.getHeader('content-length');
    const finished: Finished = {
      request,
      exchange,
      status: raw.headersSent ? raw.statusCode : undefined,
      duration: performance.now() - exchange.began,
      sentBytes: length === undefined ? undefined : Number(length),
      isCutOff: !exchange.isSent,
    };
    for (const observe of this.#observers) observe(finished);
  }
}

/**
 * Upgrades are ignored. But Node no longer parses what follows such a request, reads it without limit, and would not answer requests
 * in it: it is left unread, and the connection is closed.
 */
function leaveProtocol({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.header('connection', 'close');
  raw.once('end', () => raw.socket.pause());
}

/** The path of a request, without the query, which may contain a secret. */
export function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0].slice(0, 200);
}
