// A proxy for the tests of examples: simulates a busy or broken service, and forwards all other requests to the real one.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** The Retry-After of a busy service, in seconds. Differs from the clients' default of one second. */
export const WAIT = 2;

export interface Front {
  readonly port: number;
  /** The URL of the service; must be set before the first request. */
  service: URL;
  /** The pages of the browser example, by name. */
  readonly pages: Map<string, string>;
  /** When requests were posted, by kind and client, as `busy/NAME`. */
  readonly posted: Map<string, number[]>;
}

/**
 * Starts the front. `/busy/NAME/gradients` is answered with 503 at the first request of the client NAME;
 * `/broken/NAME/STATUS/gradients` always with this status, without a problem document.
 */
export async function startFront(t: Test): Promise<Front> {
  const front: { -readonly [Key in keyof Front]: Front[Key] } = {
    port: 0,
    service: new URL('http://127.0.0.1'),
    pages: new Map(),
    posted: new Map(),
  };
  const server = createServer((asked, answer) => {
    const [, kind, name, status] = `${asked.url}`.split(/[/?]/);
    if (kind === 'page') return servePage(front, name, answer);
    if (asked.method !== 'POST') return pass(front, asked, answer);
    const times = [...(front.posted.get(`${kind}/${name}`) ?? []), Date.now()];
    front.posted.set(`${kind}/${name}`, times);
    if (kind === 'broken') return refuse(asked, answer, Number(status), { 'retry-after': 0 }, '<h1>Sorry</h1>');
    if (kind === 'busy' && times.length === 1) return refuse(asked, answer, 503, { 'retry-after': WAIT }, '<h1>Later</h1>');
    return pass(front, asked, answer);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  front.port = (server.address() as AddressInfo).port;
  return front;
}

function servePage({ pages }: Front, name: string, answer: ServerResponse): void {
  answer.setHeader('content-type', 'text/html').end(pages.get(name));
}

function refuse(
  asked: IncomingMessage,
  answer: ServerResponse,
  status: number,
  headers: Record<string, number>,
  body: string,
): void {
  asked.resume();
  const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Retry-After' };
  asked.on('end', () => answer.writeHead(status, { 'content-type': 'text/html', ...cors, ...headers }).end(body));
}

/** Forwards a request to the service, without the prefix of its path. */
function pass({ service }: Front, asked: IncomingMessage, answer: ServerResponse): void {
  const url = new URL(`${asked.url}`.replace(/.*(?=\/gradients$)/, ''), service);
  const passed = request(url, { method: asked.method, headers: asked.headers }, (answered) => {
    answer.writeHead(Number(answered.statusCode), answered.headers);
    answered.pipe(answer);
  });
  asked.pipe(passed);
}
