// A service that is ended in the middle of an upload or a job, and started again on the same store.
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Job } from '../../schemas/job.ts';
import { missing, startS3 } from '../store/s3-server.ts';
import { type Service, startService } from '../support/process.ts';
import {
  bytesAt,
  computedParts,
  data,
  FEATURES,
  followed,
  gradients,
  HIDDEN,
  hasEnded,
  isHalfDone,
  PARTS,
  put,
  submit,
  type,
} from './large-job.ts';

/** Starts the service on a store; it is ended with the test. */
async function start(t: Test, store: string): Promise<Service> {
  const service = await startService({ environment: { STORE: store, DRAIN_MS: '0' } });
  t.teardown(() => service.process.kill('SIGKILL'));
  return service;
}

/** Kills the service, and starts it again. */
async function restart(t: Test, service: Service, store: string): Promise<Service> {
  service.process.kill('SIGKILL');
  t.equal(await service.exit, null);
  return start(t, store);
}

/** Begins an upload: resolves when half of the body has been sent. */
function beginUpload({ url }: Service): Promise<ClientRequest> {
  const upload = send(new URL('/datasets/large', url), { method: 'PUT', headers: { ...type, 'content-length': data.length } });
  // The connection breaks when the service is killed.
  upload.on('error', () => {});
  return new Promise((resolve) => upload.write(data.subarray(0, data.length / 2), () => resolve(upload)));
}

/** Asserts that a job of which some parts had been completed by another process goes on, and has the inline answer. */
async function goesOn(t: Test, service: Service, path: string, { parts: { completed } }: Job): Promise<void> {
  const { state, parts, problem } = await followed(service, path, hasEnded);
  t.equal(state, 'succeeded', JSON.stringify(problem));
  t.strictSame(parts, { total: PARTS, completed: PARTS });
  const computed = await computedParts(service);
  t.ok(computed > 0 && computed + completed <= PARTS, `${completed} parts, and after the restart ${computed} more`);
  const result = await bytesAt(service, `${path}/result`);
  const inline = await bytesAt(service, '/gradients', { method: 'POST', body: gradients });
  t.ok(result.length > FEATURES * HIDDEN * 8 && result.equals(inline), 'the bytes of the inline answer');
}

async function killInJob(t: Test, store: string): Promise<void> {
  const service = await start(t, store);
  await put(t, service);
  const path = await submit(t, service);
  const before = await followed(service, path, isHalfDone);
  await goesOn(t, await restart(t, service, store), path, before);
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

t.test('killed in the middle of an upload: there is no dataset', async (t) => {
  const store = folderOf(t);
  const service = await start(t, store);
  await beginUpload(service);
  const { url } = await restart(t, service, store);
  t.equal((await fetch(new URL('/datasets/large', url))).status, 404);
  t.strictSame(await (await fetch(new URL('/datasets', url))).json(), { datasets: [] });
});

t.test('killed in the middle of a job: it goes on', (t) => killInJob(t, folderOf(t)));

t.test('killed in the middle of a job, with a store in S3', { skip: missing }, async (t) => {
  const server = await startS3();
  t.teardown(() => server.stop());
  const bucket = await server.makeBucket();
  await killInJob(t, `s3://${bucket}/jobs`);
});

t.test('SIGTERM in the middle of a job: the process ends in time, and the job goes on', async (t) => {
  const store = folderOf(t);
  const service = await start(t, store);
  await put(t, service);
  const path = await submit(t, service);
  const before = await followed(service, path, isHalfDone);
  service.process.kill('SIGTERM');
  t.equal(await service.exit, 0);
  await goesOn(t, await start(t, store), path, before);
});
