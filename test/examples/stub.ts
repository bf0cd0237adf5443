// A stub of the service for the tests of examples: it is busy, breaks connections, stalls, or answers with 40 MB, and records what it saw.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Test } from 'tap';
import { pageWith } from './pages.ts';

/** The loss of a request says what it meets. */
export const faults = ['none', 'busy', 'flapping', 'broken', 'cut', 'stalled', 'stalled-body', 'large'] as const;
export type Fault = (typeof faults)[number];

export interface Seen {
  /** The connections of the requests: the same object for the same connection. */
  readonly connections: Socket[];
  /** The milliseconds from the end of an answer to the next request. */
  readonly waits: number[];
  answered?: number;
}

export interface Stub {
  readonly origin: string;
  /** What was seen of a client, by `NAME/FAULT`. */
  readonly seen: Map<string, Seen>;
}

/** The Retry-After of `busy`, in seconds. */
export const RETRY_AFTER = 1;

const answer = { loss: 0.5, gradients: [{ weights: [[0.25, -0.125]] }], divisor: 2 };
const text = JSON.stringify(answer);
/** The same with outputs of 40 MB. */
const row = `[${Array(1000).fill('0.12345678901234567').join()}]`;
const large = JSON.stringify({ ...answer, outputs: 0 }).replace('"outputs":0', `"outputs":[${Array(2000).fill(row).join()}]`);

/** A request that meets a fault. */
export const requestOf = (fault: Fault): string =>
  JSON.stringify({ network: { layers: [{ weights: [[1, 2]] }] }, batch: { inputs: [[1, 2]], targets: [[1]] }, loss: fault });

/**
 * Starts the stub. Clients post to `/NAME/gradients`. All faults but `none`, `stalled`, `stalled-body` and `large` are met only at
 * times. `/page/FAULT` is the example for browsers with a request that meets the fault.
 */
export async function startStub(t: Test): Promise<Stub> {
  const seen: Stub['seen'] = new Map();
  const server = createServer(async (asked, response) => {
    const [, name, fault] = `${asked.url}`.split(/[/?]/);
    if (name === 'page') {
      response.setHeader('content-type', 'text/html').end(pageWith(requestOf(fault as Fault)));
    } else if (asked.method === 'POST') {
      const { loss } = (await json(asked)) as { loss: Fault };
      const client = seen.get(`${name}/${loss}`) ?? { connections: [], waits: [] };
      seen.set(`${name}/${loss}`, client);
      if (client.answered) client.waits.push(performance.now() - client.answered);
      client.connections.push(asked.socket);
      respond(loss, client.connections.length, asked, response);
      client.answered = performance.now();
    } else {
      response.writeHead(404).end();
    }
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Responds to request `number` of a client. */
function respond(fault: Fault, number: number, { socket }: IncomingMessage, response: ServerResponse): void {
  const head = { 'content-type': 'application/json' };
  const problem = { 'content-type': 'application/problem+json' };
  const busy = JSON.stringify({ title: 'The service is busy', detail: 'try again' });
  if (fault === 'busy' && number === 1) {
    response.writeHead(503, { ...problem, 'retry-after': `${RETRY_AFTER}` }).end(busy);
  } else if (fault === 'flapping' && number % 2 === 1) {
    response.writeHead(503, { ...problem, 'retry-after': '0' }).end(busy);
  } else if (fault === 'broken' && number === 1) {
    socket.destroy();
  } else if (fault === 'cut' && number === 1) {
    response.writeHead(200, { ...head, 'content-length': text.length }).write(text.slice(0, 10), () => socket.destroy());
  } else if (fault === 'stalled-body') {
    response.writeHead(200, { ...head, 'content-length': text.length }).write(text.slice(0, 10));
  } else if (fault !== 'stalled') {
    response.writeHead(200, head).end(fault === 'large' ? large : text);
  }
}
