// Alerts and dashboard: they are well-formed, alerts fire when they should, and all metrics that they read exist.
import { Registry } from 'prom-client';
import t from 'tap';
import { measureQueue } from '../../src/observability/job-metrics.ts';
import { post, startOwnApp, validRequest } from '../support/app.ts';
import { missing, parseYaml, pathOf, read, readYaml, run } from './files.ts';

interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  datasource: unknown;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; datasource: unknown }[];
}

const rules: Rule[] = readYaml('deploy/prometheus/alerts.yml').groups.flatMap((group: { rules: Rule[] }) => group.rules);
const dashboard = JSON.parse(read('deploy/grafana/dashboards/gradients.json'));
const panels: Panel[] = dashboard.panels;
const queries = panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);

t.test('each alert has a severity, a summary, a description and a section in the handbook', async (t) => {
  const handbook = read('docs/operations.md');
  t.strictSame(rules, [...new Map(rules.map((rule) => [rule.alert, rule])).values()], 'each name once');
  for (const { alert, labels, annotations } of rules) {
    t.match(labels.severity, /^(critical|warning|info)$/, alert);
    t.match(annotations, { summary: /\w/, description: /\w/, runbook: `docs/operations.md#${alert.toLowerCase()}` });
    t.match(handbook, new RegExp(`^#+ ${alert}$`, 'm'));
  }
});

t.test('the limit in the memory alert equals that of the containers', async (t) => {
  const { expr } = rules.find(({ alert }) => alert === 'GradientsMemoryLimit') as Rule;
  t.match(expr, `0.9 * ${4 * 2 ** 30}`);
  t.equal(readYaml('docker-compose.yml').services.gradients.mem_limit, '4g');
  const [{ resources }] = readYaml('deploy/kubernetes/base/deployment.yaml').spec.template.spec.containers;
  t.equal(resources.limits.memory, '4Gi');
});

/** The metrics in a query, each with the labels used for selection or grouping; every metric must have a selector. */
function readBy(query: string): [metric: string, labels: string[]][] {
  const grouping = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names]) => names.split(/,\s*/));
  return [...query.matchAll(/([a-z_]\w*)\{([^}]*)\}/gi)]
    .filter(([, metric]) => metric !== 'up' && metric !== 'ALERTS')
    .map(([, metric, selector]) => {
      const chosen = [...selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, name]) => name);
      // These labels come from Prometheus.
      return [metric, [...grouping, ...chosen].filter((name) => !['job', 'instance', 'namespace', 'pod'].includes(name))];
    });
}

/** The metrics that only instances have whose queue of jobs answers. */
async function queueMetrics(): Promise<string> {
  const registry = new Registry();
  measureQueue([registry], async () => ({ steps: { waiting: 1, active: 1, delayed: 0, blocked: 0 }, ageSeconds: 1 }));
  return registry.metrics();
}

t.test('/metrics has every metric and label that alerts and dashboard use', async (t) => {
  // Nobody listens there: the store is away.
  Object.assign(process.env, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1' });
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' });
  const app = await startOwnApp(t, { STORE: 's3://bucket', LOG_LEVEL: 'silent' });
  await app.readiness.started;
  await post(app, validRequest());
  const body = (await app.inject({ url: '/metrics' })).body + (await queueMetrics());
  const { custom, external } = readYaml('deploy/kubernetes/prometheus-adapter.yaml').rules;
  const adapter = custom[0].seriesQuery;
  const [{ patch }] = readYaml('deploy/kubernetes/components/queue-metric/kustomization.yaml').patches;
  const [[{ value: scaler }]] = parseYaml(patch);
  t.equal(scaler.pods.metric.name, readBy(adapter)[0][0]);
  const read = [...queries, ...rules.map(({ expr }) => expr), adapter, external[0].seriesQuery].flatMap(readBy);
  t.ok(read.length > queries.length);
  for (const [metric, labels] of read) {
    const [line] = new RegExp(`^${metric}(\\{.*\\})? .*$`, 'm').exec(body) ?? ['nothing'];
    t.match(line, new RegExp(`^${metric}`), metric);
    for (const label of labels) t.match(line, `${label}="`, `${label} of ${metric}`);
  }
});

t.test('the dashboard', async (t) => {
  const source = { type: 'prometheus', uid: '$' + '{datasource}' };
  const all = panels.filter(({ type }) => type !== 'row');
  for (const { title, datasource, targets } of all) {
    t.strictSame(datasource, source, title);
    t.ok(targets?.length, title);
    for (const target of targets ?? []) t.strictSame(target.datasource, source, title);
  }
  t.match(
    dashboard.templating.list.map(({ name }: { name: string }) => name),
    ['datasource', 'instance'],
  );
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'each panel has an id of its own');
  const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
  );
  t.equal(new Set(places).size, places.length, 'no panel lies on another one');
  const [provider] = readYaml('deploy/grafana/provisioning/dashboards/gradients.yml').providers;
  const { volumes } = readYaml('docker-compose.yml').services.grafana;
  t.ok(volumes.includes(`./deploy/grafana/dashboards:${provider.options.path}:ro`));
});

t.test('promtool', { skip: await missing('promtool', '--version') }, async (t) => {
  const directory = pathOf('deploy/prometheus');
  t.test('accepts the configuration and the alerts', async (t) => {
    // Checks only the syntax: the file with the key exists only in the container.
    await run('promtool', ['check', 'config', '--syntax-only', 'prometheus.yml'], directory);
    await run('promtool', ['check', 'rules', 'alerts.yml'], directory);
    t.pass();
  });
  t.test('each alert fires, and does not fire, as expected', async (t) => {
    await run('promtool', ['test', 'rules', 'alerts_test.yml'], directory);
    const tests = JSON.stringify(parseYaml(read('deploy/prometheus/alerts_test.yml')));
    for (const { alert } of rules) t.match(tests, alert);
  });
  t.test('can parse every query of the dashboard', async (t) => {
    const record = (expr: string, at: number) => ({ record: `query:${at}`, expr: expr.replaceAll('$__rate_interval', '1m') });
    const file = t.testdir({ 'rules.yml': JSON.stringify({ groups: [{ name: 'dashboard', rules: queries.map(record) }] }) });
    await run('promtool', ['check', 'rules', `${file}/rules.yml`]);
    t.pass();
  });
});
