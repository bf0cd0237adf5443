// The Kubernetes manifests of workers and their queue: what they share with the service, and who reaches whom.
import t from 'tap';
import { Config } from '../../schemas/config.ts';
import { type Document, defaultOf, parseYaml, readYaml } from './files.ts';
import { buildOverlay, kustomize, noValidator, validate } from './kustomize.ts';

const components = 'deploy/kubernetes/components';
const base = readYaml('deploy/kubernetes/base/deployment.yaml').spec.template.spec;
const workers = readYaml(`${components}/cluster/workers.yaml`).spec.template.spec;
const valkey = readYaml(`${components}/valkey/valkey.yaml`).spec.template.spec;
const [service, worker, queue] = [base, workers, valkey].map(({ containers }) => containers[0]);

t.test('the pods have no unnecessary privileges', async (t) => {
  for (const [pod, { resources, securityContext }] of [
    [workers, worker],
    [valkey, queue],
  ]) {
    t.match(pod.securityContext, { runAsNonRoot: true, runAsUser: Number, seccompProfile: { type: 'RuntimeDefault' } });
    t.strictSame(securityContext, service.securityContext);
    t.equal(pod.automountServiceAccountToken, false);
    t.equal(pod.enableServiceLinks, false);
    t.match(resources, { requests: { cpu: /\d/, memory: /\d/ }, limits: { cpu: /\d/, memory: /\d/ } });
  }
  t.notOk(worker.volumeMounts);
});

t.test('a worker is the same image with the same resources', async (t) => {
  t.equal(worker.image, service.image);
  t.strictSame(worker.command, ['node', 'src/worker.ts']);
  t.strictSame(worker.resources, service.resources);
  t.strictSame(worker.ports, [{ name: 'http', containerPort: defaultOf(Config.properties, 'PORT') }]);
});

t.test('a worker that waits for a queue or a store that is away is not restarted', async (t) => {
  const get = (path: string) => ({ httpGet: { path, port: 'http' } });
  t.match(worker, { startupProbe: get('/livez'), readinessProbe: get('/readyz'), livenessProbe: get('/livez') });
});

t.test('a worker gives back its steps before it is killed', async (t) => {
  const shutdown = defaultOf(Config.properties, 'SHUTDOWN_MS');
  t.ok(workers.terminationGracePeriodSeconds * 1000 > shutdown + 5000);
});

t.test('the queue is that of the compose file', async (t) => {
  const { image, user, command } = readYaml('docker-compose.yml').services.valkey;
  t.equal(queue.image, image);
  t.equal(`${valkey.securityContext.runAsUser}:${valkey.securityContext.runAsGroup}`, user);
  const own = /^--(requirepass|protected-mode)/;
  const settings = (args: string[]) => args.filter((arg) => !own.test(arg));
  t.strictSame(settings(queue.args), settings(command));
  t.ok(queue.args.includes('--requirepass $(REDISCLI_AUTH)'));
});

t.test('workers are scaled by a metric that the adapter provides', async (t) => {
  const { spec } = readYaml(`${components}/cluster/autoscaler.yaml`);
  const [{ external }] = spec.metrics;
  const [rule] = readYaml('deploy/kubernetes/prometheus-adapter.yaml').rules.external;
  t.equal(external.metric.name, rule.name.as);
  t.equal(spec.scaleTargetRef.name, readYaml(`${components}/cluster/workers.yaml`).metadata.name);
});

const command = await kustomize();

t.test('kustomize', { skip: !command && 'there is no kustomize 5 here, nor a kubectl with it' }, async (t) => {
  const overlay = {
    components: ['s3', 'cluster', 'valkey', 'service-monitor', 'api-keys'],
    settings: ['STORE=s3://bucket/prefix', 'OPENBLAS_CORETYPE=Haswell'],
  };
  const text = await buildOverlay(command as string[], t.testdir({ overlay: {} }), overlay);
  const documents = parseYaml(text);
  const named = (kind: string, name: string): Document =>
    documents.find(({ kind: is, metadata }) => is === kind && metadata.name === name);
  const podOf = (kind: string, name: string) => named(kind, name).spec.template;

  t.test('service and workers have the same settings, store and queue', async (t) => {
    const [ofService] = podOf('Deployment', 'gradients').spec.containers;
    const [ofWorker] = podOf('Deployment', 'workers').spec.containers;
    t.strictSame(ofWorker.envFrom, ofService.envFrom);
    const { name } = documents.find(({ kind }) => kind === 'ConfigMap').metadata;
    t.equal(ofWorker.envFrom[0].configMapRef.name, name);
    t.equal(named('ConfigMap', name).data.STORE, 's3://bucket/prefix');
    const url = { name: 'REDIS_URL', valueFrom: { secretKeyRef: { name: 'queue', key: 'REDIS_URL' } } };
    t.strictSame(ofWorker.env, [url]);
    t.match(
      ofService.env.find(({ name }: { name: string }) => name === 'REDIS_URL'),
      url,
    );
  });

  t.test('each selector finds its pods, and the service none of the workers', async (t) => {
    const labels = {
      gradients: podOf('Deployment', 'gradients').metadata.labels,
      workers: podOf('Deployment', 'workers').metadata.labels,
      valkey: podOf('StatefulSet', 'valkey').metadata.labels,
    };
    const selectors: [Document, keyof typeof labels][] = [
      [named('Service', 'gradients').spec.selector, 'gradients'],
      [named('Service', 'workers').spec.selector, 'workers'],
      [named('Service', 'valkey').spec.selector, 'valkey'],
      [named('PodDisruptionBudget', 'workers').spec.selector.matchLabels, 'workers'],
      [named('NetworkPolicy', 'gradients').spec.podSelector.matchLabels, 'gradients'],
      [named('NetworkPolicy', 'workers').spec.podSelector.matchLabels, 'workers'],
      [named('NetworkPolicy', 'queue').spec.podSelector.matchLabels, 'valkey'],
    ];
    const chosen = (selector: Document) =>
      Object.entries(labels)
        .filter(([, has]) => Object.entries(selector).every(([key, value]) => has[key] === value))
        .map(([name]) => name);
    for (const [selector, name] of selectors) t.strictSame(chosen(selector), [name]);
  });

  t.test('Prometheus finds the workers as instances of the job `gradients`', async (t) => {
    const { selector, jobLabel, endpoints } = named('ServiceMonitor', 'gradients').spec;
    for (const name of ['gradients', 'workers']) {
      const { metadata, spec } = named('Service', name);
      t.match(metadata.labels, selector.matchLabels);
      t.equal(metadata.labels[jobLabel], 'gradients');
      t.equal(spec.ports[0].name, endpoints[0].port);
    }
  });

  t.test('the queue is reached by the service and the workers only, and reaches nothing', async (t) => {
    const { ingress, egress, policyTypes } = named('NetworkPolicy', 'queue').spec;
    t.strictSame(policyTypes, ['Ingress', 'Egress']);
    t.notOk(egress);
    t.equal(ingress.length, 1);
    t.strictSame(ingress[0].from, [{ podSelector: named('NetworkPolicy', 'queue-clients').spec.podSelector }]);
    t.strictSame(ingress[0].from[0].podSelector.matchExpressions[0].values, ['gradients', 'gradients-worker']);
    t.match(named('NetworkPolicy', 'queue-clients').spec.egress, [
      { ports: [{ port: 6379 }], to: [{ podSelector: named('NetworkPolicy', 'queue').spec.podSelector }] },
    ]);
  });

  t.test('a worker is reached by Prometheus only', async (t) => {
    const { ingress, egress } = named('NetworkPolicy', 'workers').spec;
    const ofService = named('NetworkPolicy', 'gradients').spec;
    t.strictSame(ingress, [{ ...ofService.ingress[0], from: [ofService.ingress[0].from.at(-1)] }]);
    t.strictSame(egress, [ofService.egress[0], ofService.egress.at(-1)], 'DNS and S3');
  });

  t.test('is valid against the schemas of Kubernetes', { skip: await noValidator() }, async (t) => {
    await validate(text, t.testdir());
    t.pass();
  });
});
