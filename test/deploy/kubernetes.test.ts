// The Kubernetes manifests: important values, the output of kustomize, and validity against Kubernetes's schemas.
import { readdirSync } from 'node:fs';
import t from 'tap';
import { Config } from '../../schemas/config.ts';
import { readConfig } from '../../src/config.ts';
import { type Document, defaultOf, parseYaml, pathOf, read, readYaml, run } from './files.ts';
import { buildOverlay, kustomize, noValidator, validate } from './kustomize.ts';

const base = 'deploy/kubernetes/base';
const deployment = readYaml(`${base}/deployment.yaml`);
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

t.test('every file is listed in its kustomization', async (t) => {
  const { resources, configMapGenerator } = readYaml(`${base}/kustomization.yaml`);
  const named = [...resources, ...configMapGenerator.flatMap(({ envs }: { envs: string[] }) => envs), 'kustomization.yaml'];
  t.strictSame(readdirSync(pathOf(base)).sort(), named.sort());
});

t.test('the pod has no unnecessary privileges', async (t) => {
  t.match(pod.securityContext, { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } });
  t.strictSame(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  t.equal(pod.automountServiceAccountToken, false);
  t.match(container.resources, { requests: { cpu: /\d/, memory: /\d/ }, limits: { cpu: /\d/, memory: /\d/ } });
  const { spec } = readYaml(`${base}/network-policy.yaml`);
  t.strictSame(spec.policyTypes, ['Ingress', 'Egress']);
  for (const { from, ports } of spec.ingress) t.ok(from.length && ports.length);
  for (const { to, ports } of spec.egress) t.ok(to.length && ports.length);
  t.match(readYaml(`${base}/namespace.yaml`).metadata.labels, { 'pod-security.kubernetes.io/enforce': 'restricted' });
});

t.test('probes: a pod that is not ready gets no requests, and only one that does not answer is restarted', async (t) => {
  const get = (path: string) => ({ httpGet: { path, port: 'http' } });
  t.match(container, { startupProbe: get('/readyz'), readinessProbe: get('/readyz'), livenessProbe: get('/livez') });
  t.strictSame(container.ports, [{ name: 'http', containerPort: defaultOf(Config.properties, 'PORT') }]);
});

/** The settings in a file of environment variables. */
const settings = Object.fromEntries(
  read(`${base}/settings.env`)
    .split('\n')
    .filter((line) => /^[^#]/.test(line))
    .map((line) => line.split('=', 2)),
);

t.test('a pod drains and finishes its requests before it is killed', async (t) => {
  const shutdown = Number(settings.SHUTDOWN_MS ?? defaultOf(Config.properties, 'SHUTDOWN_MS'));
  t.ok(Number(settings.DRAIN_MS) < shutdown);
  // The process ends itself at most five seconds after SHUTDOWN_MS.
  t.ok(pod.terminationGracePeriodSeconds * 1000 > shutdown + 5000);
  const { periodSeconds, failureThreshold } = container.readinessProbe;
  t.ok(Number(settings.DRAIN_MS) >= periodSeconds * failureThreshold * 1000, 'time for the probe to see it');
});

t.test('the store is the only place that can be written to, and all replicas share it', async (t) => {
  t.strictSame(container.volumeMounts, [{ name: 'store', mountPath: '/data' }]);
  t.strictSame(pod.volumes, [{ name: 'store', persistentVolumeClaim: { claimName: 'store' } }]);
  const { metadata, spec } = readYaml(`${base}/store.yaml`);
  t.equal(metadata.name, 'store');
  t.strictSame(spec.accessModes, ['ReadWriteMany']);
  t.equal(pod.securityContext.fsGroup, 1000);
  t.match(read('Dockerfile'), /^ENV .* STORE=\/data$/m);
});

t.test('the settings exist, and the service accepts their values', async (t) => {
  const example = readYaml('deploy/kubernetes/overlays/example/kustomization.yaml');
  const literals: string[] = example.configMapGenerator[0].literals;
  const keys = readYaml('deploy/kubernetes/components/api-keys/mount.yaml').spec.template.spec.containers[0].env;
  const all = {
    ...settings,
    ...Object.fromEntries(literals.map((line) => line.split('=', 2))),
    ...Object.fromEntries(keys.map(({ name, value }: { name: string; value: string }) => [name, value])),
  };
  for (const name of Object.keys(all)) t.ok(name in Config.properties, name);
  t.match(readConfig(all), { DRAIN_MS: Number(settings.DRAIN_MS) });
});

const command = await kustomize();

t.test('kustomize', { skip: !command && 'there is no kustomize 5 here, nor a kubectl with it' }, async (t) => {
  const [program, subcommand] = command as string[];
  const build = async (directory: string) => (await run(program, [subcommand, pathOf(`deploy/kubernetes/${directory}`)])).stdout;

  t.test('the base', async (t) => {
    const documents = parseYaml(await build('base'));
    t.strictSame(documents.map(({ kind }) => kind).sort(), [
      'ConfigMap',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Namespace',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'PodDisruptionBudget',
      'Service',
    ]);
    const of = (kind: string) => documents.find((document) => document.kind === kind);
    const { labels } = of('Deployment').spec.template.metadata;
    t.match(labels, of('Service').spec.selector);
    t.match(labels, of('Deployment').spec.selector.matchLabels);
    t.match(labels, of('PodDisruptionBudget').spec.selector.matchLabels);
    t.strictSame(of('NetworkPolicy').spec, readYaml(`${base}/network-policy.yaml`).spec, 'as it is written');
    t.match(labels, of('NetworkPolicy').spec.podSelector.matchLabels);
    const [made] = of('Deployment').spec.template.spec.containers;
    t.equal(made.envFrom[0].configMapRef.name, of('ConfigMap').metadata.name);
    t.strictSame(of('ConfigMap').data, settings);
  });

  t.test('with the store in S3', async (t) => {
    const overlay = { components: ['s3'], settings: [] };
    const documents = parseYaml(await buildOverlay(command as string[], t.testdir({ overlay: {} }), overlay));
    const of = (kind: string) => documents.find((document) => document.kind === kind);
    t.notOk(of('PersistentVolumeClaim'));
    const { containers, volumes } = of('Deployment').spec.template.spec;
    t.notOk(volumes?.length);
    t.notOk(containers[0].volumeMounts?.length);
    t.equal(containers[0].envFrom[0].configMapRef.name, of('ConfigMap').metadata.name);
    t.equal(containers[0].envFrom[1].secretRef.name, 's3');
    t.match(of('NetworkPolicy').spec.egress.at(-1), {
      ports: [{ port: 443 }],
      to: [{ ipBlock: { except: ['169.254.0.0/16'] } }],
    });
  });

  t.test('one replica, for any cluster', async (t) => {
    const text = await build('overlays/single');
    const documents = parseYaml(text);
    const kinds = ['ConfigMap', 'Deployment', 'Namespace', 'NetworkPolicy', 'PersistentVolumeClaim', 'Service'];
    t.strictSame(documents.map(({ kind }) => kind).sort(), kinds);
    const of = (kind: string) => documents.find((document) => document.kind === kind);
    t.match(of('Deployment').spec, { replicas: 1, strategy: { type: 'Recreate' } });
    t.strictSame(of('PersistentVolumeClaim').spec.accessModes, ['ReadWriteOnce']);

    t.test('is valid against the schemas of Kubernetes', { skip: await noValidator() }, async (t) => {
      await validate(text, t.testdir());
      t.pass();
    });
  });

  t.test('the example', async (t) => {
    const text = await build('overlays/example');
    const documents = parseYaml(text);
    const of = (kind: string) => documents.find((document) => document.kind === kind);
    const { containers, volumes } = of('Deployment').spec.template.spec;
    t.equal(containers[0].image, 'registry.example.com/gradient-service:1.7.0');
    t.match(of('ConfigMap').data, settings);
    const file = containers[0].env.find(({ name }: { name: string }) => name === 'API_KEYS_FILE').value;
    const named = (list: { name: string }[], wanted: string): Document => list.find(({ name }) => name === wanted);
    const { secret } = named(volumes, 'api-keys');
    t.equal(file, `${named(containers[0].volumeMounts, 'api-keys').mountPath}/${secret.items[0].path}`);
    t.equal(of('ServiceMonitor').spec.endpoints[0].authorization.credentials.name, secret.secretName);
    t.strictSame(
      of('HorizontalPodAutoscaler').spec.metrics.map(({ type }: { type: string }) => type),
      ['Resource', 'Pods'],
    );
    t.equal(of('Ingress').spec.rules[0].http.paths[0].backend.service.name, of('Service').metadata.name);
    t.match(of('NetworkPolicy').spec.ingress.at(-1).from[0].namespaceSelector.matchLabels, {
      'kubernetes.io/metadata.name': 'ingress-nginx',
    });
    t.equal(named(volumes, 'store').persistentVolumeClaim.claimName, of('PersistentVolumeClaim').metadata.name);

    t.test('is valid against the schemas of Kubernetes', { skip: await noValidator() }, async (t) => {
      await validate(text, t.testdir());
      t.pass();
    });
  });
});
