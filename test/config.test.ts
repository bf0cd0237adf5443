// The configuration: defaults, bounds, and completeness of its documentation.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Config } from '../schemas/config.ts';
import { readConfig } from '../src/config.ts';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const defaults = {
  HOST: '127.0.0.1',
  PORT: 3000,
  LOG_LEVEL: 'info',
  LOG_CLIENT: 'address',
  BODY_LIMIT: 67108864,
  MAX_FLOPS: 1e12,
  MAX_MEMORY: 1073741824,
  MAX_ANSWER: 268435456,
  MAX_LAYERS: 100000,
  MAX_KEYS: 1000000,
  MAX_DEPTH: 32,
  MAX_QUEUE: 64,
  MEMORY_BUDGET: 2147483648,
  MAX_CONNECTIONS: 10000,
  RATE_LIMIT: 1000000,
  RATE_WINDOW_MS: 60000,
  HEADERS_TIMEOUT_MS: 10000,
  REQUEST_TIMEOUT_MS: 120000,
  DEADLINE_MS: 60000,
  ANSWER_TIMEOUT_MS: 120000,
  KEEP_ALIVE_MS: 100000,
  DRAIN_MS: 1000,
  SHUTDOWN_MS: 25000,
  STORE: './data',
  DATASET_TTL: 2592000,
  DATASET_LIMIT: 17179869184,
  STORE_LIMIT: 68719476736,
  UPLOAD_IDLE_MS: 30000,
  JOB_TTL: 604800,
  MAX_JOBS: 100,
  JOB_MAX_FLOPS: 1e15,
  JOB_PART_FLOPS: 2 ** 37,
  ENGINE: 'auto',
};

t.test('defaults, and values from the environment', async (t) => {
  t.strictSame(readConfig({ PATH: '/bin' }), defaults);
  const environment = {
    ...{ HOST: '::1', PORT: '0', LOG_LEVEL: 'silent', BODY_LIMIT: '1', MAX_MEMORY: '2', SHUTDOWN_MS: '3' },
    ...{ ENGINE: 'portable', BLAS_LIBRARY: 'libblis.so', DEADLINE_MS: '4', MAX_QUEUE: '0', API_KEYS: 'a,b' },
  };
  t.strictSame(readConfig(environment), {
    ...defaults,
    HOST: '::1',
    PORT: 0,
    LOG_LEVEL: 'silent',
    BODY_LIMIT: 1,
    MAX_MEMORY: 2,
    SHUTDOWN_MS: 3,
    ENGINE: 'portable',
    BLAS_LIBRARY: 'libblis.so',
    DEADLINE_MS: 4,
    MAX_QUEUE: 0,
    API_KEYS: 'a,b',
  });
});

t.test('wrong values', async (t) => {
  const wrong: [name: string, value: string, detail: string][] = [
    ['HOST', '', 'expected a string that is not empty, got ""'],
    ['PORT', '', 'expected an integer, got ""'],
    ['PORT', '3000.5', 'expected an integer, got 3000.5'],
    ['PORT', '65536', 'expected at most 65535, got 65536'],
    ['PORT', '-1', 'expected at least 0, got -1'],
    ['LOG_LEVEL', 'verbose', 'there are fatal, error, warn, info, debug, trace, silent'],
    ['BODY_LIMIT', '64MB', 'expected an integer, got "64MB"'],
    ['MAX_MEMORY', '1e999', 'expected an integer, got "1e999"'],
    ['BODY_LIMIT', `1${'0'.repeat(23)}`, 'expected at most 1073741824, got 1e+23'],
    [
      'CORS_ORIGINS',
      'https://a.example,b.example',
      'expected origins such as https://example.com, or *, got "https://a.example,b.example"',
    ],
    ['CORS_ORIGINS', 'https://A.example', 'got "https://A.example"'],
    ['CORS_ORIGINS', 'https://a.example/', 'got "https://a.example/"'],
    ['CORS_ORIGINS', ',', 'expected origins'],
    ['STORE', 'http://example.com', 'expected a folder such as ./data, or s3://bucket/prefix, got "http://example.com"'],
    ['STORE', 's3:///prefix', 'got "s3:///prefix"'],
    ['TRUST_PROXY', 'proxy', 'expected addresses or networks such as 10.0.0.0/8, or a number of proxies up to 99, got "proxy"'],
    ['TRUST_PROXY', '10.0.0.0/33', 'got "10.0.0.0/33"'],
    ['TRUST_PROXY', '10.0.0.0/0', 'got "10.0.0.0/0"'],
    ['TRUST_PROXY', '2,10.0.0.0/8', 'got "2,10.0.0.0/8"'],
    ['TRUST_PROXY', '100', 'got "100"'],
    ['TRUST_PROXY', ', ,', 'got ", ,"'],
    ['REDIS_URL', 'localhost:6379', 'expected a URL such as redis://localhost:6379, or rediss:// for TLS, got "localhost:6379"'],
    ['REDIS_URL', 'redis', 'got "redis"'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector', 'expected a URL such as http://collector:4318, got "collector"'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'got "collector:4318"'],
  ];
  for (const [name, value, detail] of wrong) {
    t.throws(() => readConfig({ [name]: value }), { message: detail }, `${name}=${value}`);
    t.throws(() => readConfig({ [name]: value }), { message: `wrong environment: ${name}: ` }, `${name}=${value}`);
  }
});

t.test('right lists', async (t) => {
  const right: Record<string, string[]> = {
    CORS_ORIGINS: ['*', 'https://a.example, http://localhost:8080', 'chrome-extension://abc'],
    STORE: ['data', '/var/a, b', './c:d', 's3://bucket', 's3://bucket/a/b'],
    TRUST_PROXY: ['0', '99', '10.0.0.1', '10.0.0.0/8, fd00::/8', 'loopback,::1'],
    REDIS_URL: ['redis://localhost', 'redis://user:a,b@host:1/2', 'rediss://[::1]:6379'],
    OTEL_EXPORTER_OTLP_ENDPOINT: ['http://collector:4318', 'https://collector.example/otlp'],
  };
  for (const [name, values] of Object.entries(right))
    for (const value of values) t.match(readConfig({ [name]: value }), { [name]: value });
});

t.test('every number has an upper bound', async (t) => {
  for (const [name, { type }] of Object.entries(Config.properties)) {
    if (type !== 'integer') continue;
    const message = new RegExp(`^wrong environment: ${name}: expected at most [1-9]\\d*, got 1e\\+23$`);
    t.throws(() => readConfig({ [name]: `1${'0'.repeat(23)}` }), { message });
  }
});

t.test('.env.example and docs/operations.md name every variable with its default', async (t) => {
  const example = read('.env.example')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  t.strictSame(
    example,
    Object.keys(Config.properties).map((name) => `${name}=${defaults[name as keyof typeof defaults] ?? ''}`),
  );
  const operations = read('docs/operations.md');
  for (const [name, { description }] of Object.entries(Config.properties)) {
    t.match(operations, `| \`${name}\` | ${defaults[name as keyof typeof defaults] ?? ''} | ${description} |`);
  }
});
