// What the tests of attacks share: the service as a process, one request, and whether it goes on.
import type { Test } from 'tap';
import { validRequest } from './app.ts';
import { peakMemory, type Service, startService } from './process.ts';

export const MiB = 2 ** 20;

/** A process with the given environment variables, ended at the end of the test. */
export async function start(t: Test, environment: Record<string, string> = {}): Promise<Service> {
  const service = await startService({ environment });
  t.teardown(() => service.process.kill('SIGKILL'));
  return service;
}

export interface Problem {
  status: number;
  type: string;
  detail: string;
  pointers: string[];
}

/** Posts a body, and says what came of it. */
export async function post(
  { url }: Service,
  body: string | Buffer | object,
  headers: Record<string, string> = {},
): Promise<Problem> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  const response = await fetch(new URL('/gradients', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: bytes,
  });
  const { status } = response;
  const document = (await response.json()) as { type?: string; detail?: string; errors?: { pointer: string }[] };
  const { type = '', detail = '', errors = [] } = document;
  return { status, type: type.replace('/problems/', ''), detail, pointers: errors.map(({ pointer }) => pointer) };
}

export const refused = (status: number, type: string) => ({ status, type });

/** Asserts that a request like any other is answered, and that the log has no fault. */
export async function goesOn(t: Test, service: Service): Promise<void> {
  t.equal((await post(service, validRequest())).status, 200, 'the next request is answered');
  t.strictSame(service.badLines, []);
}

/** By how much the most memory that a process ever took grows meanwhile, in MiB; 0 where the system does not say. */
export async function growth(service: Service, work: () => Promise<unknown>): Promise<number> {
  const pid = service.process.pid as number;
  const before = peakMemory(pid) ?? 0;
  await work();
  return ((peakMemory(pid) ?? 0) - before) / MiB;
}
