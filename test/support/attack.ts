// Shared by the tests of attacks: starts the service as a process, posts a request, and checks that the service still works.
import type { Test } from 'tap';
import { peakMemory, type Service, startService } from './process.ts';
import { validRequest } from './requests.ts';

export const MiB = 2 ** 20;

/** Starts a process with the given environment variables; it is ended with the test. */
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

/** Posts a body, and returns the result. */
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

/** Asserts that an ordinary request is answered, and that the log has no errors. */
export async function goesOn(t: Test, service: Service): Promise<void> {
  t.equal((await post(service, validRequest())).status, 200, 'the next request is answered');
  t.strictSame(service.badLines, []);
}

/** By how much the peak memory of a process grows during `work`, in MiB; 0 if the system does not report it. */
export async function growth(service: Service, work: () => Promise<unknown>): Promise<number> {
  const pid = service.process.pid as number;
  const before = peakMemory(pid) ?? 0;
  await work();
  return ((peakMemory(pid) ?? 0) - before) / MiB;
}
