// docker-compose.yml: completeness of the settings, and restrictions of the containers.
import t from 'tap';
import { Config } from '../../schemas/config.ts';
import { readConfig } from '../../src/config.ts';
import { defaultOf, readYaml } from './files.ts';

const { services, networks, volumes } = readYaml('docker-compose.yml');

t.test('every setting except the address is passed on', async (t) => {
  const settings = Object.keys(Config.properties).filter((name) => !['HOST', 'PORT', 'SOCKET'].includes(name));
  for (const name of ['gradients', 'replica']) {
    t.strictSame(Object.keys(services[name].environment).sort(), settings.toSorted(), name);
    const { TRUST_PROXY, API_KEYS_FILE, STORE, ...rest } = services[name].environment;
    t.equal(API_KEYS_FILE, `\${API_KEYS_FILE:+/run/secrets/${services[name].secrets[0]}}`);
    t.equal(STORE, '$' + '{STORE:-/data}');
    t.strictSame(new Set(Object.values(rest)), new Set([null]), 'as they are in the environment');
  }
});

t.test('a service of the cluster and its workers have all settings, one queue and one bucket', async (t) => {
  const { front, worker, gradients, valkey, s3, bucket } = services;
  t.strictSame(front.environment, worker.environment);
  const { REDIS_URL, STORE, AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...rest } =
    front.environment;
  const { REDIS_URL: none, STORE: folder, ...others } = gradients.environment;
  t.strictSame(rest, others);
  const password = '$' + '{REDIS_PASSWORD:-}';
  t.equal(REDIS_URL, `redis://:${password}@valkey:6379`);
  t.match(readConfig({ REDIS_URL: REDIS_URL.replace(password, ''), STORE }), { STORE: 's3://gradients' });
  t.equal(AWS_ENDPOINT_URL_S3, 'http://s3:7070');
  t.equal(AWS_REGION, 'us-east-1', 'the default of the server');
  t.equal(AWS_ACCESS_KEY_ID, s3.environment.ROOT_ACCESS_KEY_ID);
  t.equal(AWS_SECRET_ACCESS_KEY, s3.environment.ROOT_SECRET_ACCESS_KEY);
  t.match(bucket.command.at(-1), "'/data/gradients'");
  t.strictSame(bucket.volumes, s3.volumes);
  for (const setting of ['--appendonly yes', '--maxmemory-policy noeviction', `--requirepass "${password}"`])
    t.ok(valkey.command.includes(setting), setting);
  t.strictSame(worker.command, ['node', 'src/worker.ts']);
  for (const { volumes, depends_on } of [front, worker]) {
    t.strictSame(volumes, [], 'nothing is kept in a container');
    t.strictSame(depends_on, { valkey: { condition: 'service_healthy' }, s3: { condition: 'service_healthy' } });
  }
});

t.test('the queue and the bucket can be reached by the service and its workers only', async (t) => {
  const inside = Object.entries<{ networks?: string[] }>(services)
    .filter(([, { networks }]) => networks?.includes('cluster'))
    .map(([name]) => name);
  t.strictSame(inside, ['front', 'worker', 'valkey', 's3']);
  t.strictSame(networks.cluster, { internal: true });
  for (const name of ['valkey', 's3']) t.match(services[name], { networks: ['cluster'], ports: undefined });
});

t.test('replicas trust only the balancer, and are reachable only by it', async (t) => {
  t.equal(services.replica.environment.TRUST_PROXY, networks.replicas.ipam.config[0].subnet);
  t.strictSame(services.replica.networks, services.balancer.networks);
  t.notOk(services.replica.ports);
});

t.test('all instances outside of the cluster share the store, the only volume of theirs', async (t) => {
  t.ok('data' in volumes);
  for (const name of ['gradients', 'replica']) t.strictSame(services[name].volumes, ['data:/data'], name);
});

t.test('which services run by default', async (t) => {
  const profiles = Object.entries<{ profiles?: string[] }>(services).map(([name, { profiles }]) => [name, ...(profiles ?? [])]);
  t.strictSame(profiles, [
    ['gradients'],
    ['replica', 'scaled'],
    ['balancer', 'scaled'],
    ['front', 'cluster'],
    ['worker', 'cluster'],
    ['valkey', 'cluster'],
    ['s3', 'cluster'],
    ['bucket', 'cluster'],
    ['prometheus', 'monitoring'],
    ['grafana', 'monitoring'],
  ]);
});

for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
  t.test(`${name} has no unnecessary privileges`, async (t) => {
    t.match(service, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    for (const limit of ['cpus', 'mem_limit', 'pids_limit']) t.ok(service[limit], limit);
    // The user of the service's own image is checked in the test of the Dockerfile.
    if (!service.build) t.match(service.user, /^[1-9]\d*:\d+$/);
    for (const port of (service.ports ?? []) as string[]) t.match(port, /^127\.0\.0\.1:\$\{[A-Z]+(_[A-Z]+)*:-\d+\}:\d+$/);
    t.ok(service.healthcheck);
  });
}

t.test('the service has time to finish before it is killed', async (t) => {
  // The process ends itself at most five seconds after SHUTDOWN_MS.
  const needed = defaultOf(Config.properties, 'SHUTDOWN_MS') / 1000 + 5;
  for (const name of ['gradients', 'replica', 'balancer', 'front', 'worker'])
    t.ok(Number.parseInt(services[name].stop_grace_period, 10) >= needed, name);
});
