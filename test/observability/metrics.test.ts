// GET /metrics.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { problems } from '../../schemas/problem.ts';
import { operations } from '../../src/operations/registry.ts';
import { phases } from '../../src/operations/report.ts';
import { post, startOwnApp, validRequest } from '../support/app.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

/** The samples in Prometheus's text format, by name and labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
}

t.test('requests, phases, sizes, problems', async (t) => {
  const app = await startOwnApp(t, { MAX_QUEUE: '7', MEMORY_BUDGET: '1000000' });
  await app.readiness.started;
  const json = JSON.stringify(validRequest());
  const { length } = (await post(app, json)).body;
  await post(app, fileOf(validRequest()), { 'content-type': SAFETENSORS, accept: SAFETENSORS });
  await post(app, '{');
  await app.inject({ url: '/nothing/at/all' });
  const response = await app.inject({ url: '/metrics' });
  t.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const samples = samplesOf(response.body);
  const expected: Record<string, number> = {
    'http_requests_total{method="POST",route="/gradients",status="200"}': 2,
    'http_requests_total{method="POST",route="/gradients",status="400"}': 1,
    'http_requests_total{method="GET",route="none",status="404"}': 1,
    'http_request_duration_seconds_count{route="/gradients"}': 3,
    'gradients_phase_duration_seconds_count{phase="receive"}': 3,
    'gradients_phase_duration_seconds_count{phase="compute"}': 2,
    'gradients_phase_duration_seconds_count{phase="send"}': 2,
    'gradients_request_bytes_sum{media_type="application/json"}': json.length + 1,
    'gradients_request_bytes_count{media_type="application/vnd.safetensors"}': 1,
    'gradients_answer_bytes_sum{media_type="application/json"}': length,
    'gradients_answer_bytes_count{media_type="application/vnd.safetensors"}': 1,
    'problems_total{type="malformed-body"}': 1,
    'problems_total{type="not-found"}': 1,
    'problems_total{type="overloaded"}': 0,
    // Two samples with 4 and 2 weights, six operations per sample and weight, twice.
    'gradients_flops_total{operation="gradients"}': 2 * 6 * 2 * (4 + 2),
    'gradients_flops_total{operation="vjp"}': 0,
    gradients_queue_depth: 0,
    gradients_queue_limit: 7,
    gradients_memory_budget_bytes: 1_000_000,
    gradients_memory_budget_used_bytes: 0,
    'gradients_threads{state="busy"}': 0,
    gradients_thread_deaths_total: 0,
    gradients_ready: 1,
    http_connections: 0,
  };
  for (const [name, value] of Object.entries(expected)) t.equal(samples.get(name), value, name);
  for (const type of Object.keys(problems)) t.ok(samples.has(`problems_total{type="${type}"}`), type);
  for (const phase of phases) t.ok(samples.has(`gradients_phase_duration_seconds_count{phase="${phase}"}`), phase);
  for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'])
    t.ok((samples.get(name) as number) > 0, name);
  const documented = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const names = [...response.body.matchAll(/^# TYPE (\w+)/gm)]
    .map(([, name]) => name)
    .filter((name) => !/^(nodejs|process)_/.test(name));
  t.ok(names.length > 10);
  for (const name of names) t.match(documented, `\`${name}\``, `${name} is explained`);
  const { network, batch } = validRequest();
  await post(app, { network, batch: { inputs: batch.inputs }, cotangents: batch.targets }, {}, '/vjp');
  const later = samplesOf((await app.inject({ url: '/metrics' })).body);
  t.strictSame(
    [...later].filter(([name]) => name.startsWith('gradients_flops_total')),
    operations.map(({ name }) => [
      `gradients_flops_total{operation="${name}"}`,
      name === 'gradients' ? 144 : name === 'vjp' ? 6 * 2 * (4 + 2) : 0,
    ]),
  );
  t.match(response.body, /^gradients_engine_info\{engine="[\w-]+",library="[^"]*"\} 1$/m);
});
