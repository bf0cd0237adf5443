// What a worker answers over HTTP: whether it lives, whether it can work, and its metrics.
import { createServer, type Server } from 'node:http';

export interface Probes {
  /** What it needs and does not have. */
  readonly missing: () => Promise<readonly string[]>;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

/** A worker that cannot work is not ready: nobody sends it requests, and orchestrators show it. */
export function serveProbes({ missing, metrics }: Probes): Server {
  const answers: Record<string, () => Promise<readonly [status: number, type: string, body: string]>> = {
    '/livez': async () => [200, JSON_TYPE, JSON.stringify({ status: 'live' })],
    '/readyz': async () => {
      const away = await missing();
      const body = away.length > 0 ? { status: 'waiting', missing: away } : { status: 'ready' };
      return [away.length > 0 ? 503 : 200, JSON_TYPE, JSON.stringify(body)];
    },
    '/metrics': async () => [200, metrics.contentType, await metrics.text()],
  };
  return createServer(async ({ url }, response) => {
    const [status, type, body] = (await answers[`${url}`]?.()) ?? NOTHING;
    response.writeHead(status, { 'content-type': type }).end(body);
  });
}

const JSON_TYPE = 'application/json';
const NOTHING = [404, JSON_TYPE, JSON.stringify({ detail: 'a worker has /livez, /readyz and /metrics' })] as const;
