// Access: API keys, rate limit, CORS, proxies, and security headers.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { warnOfStrangers } from '../../src/http/gate.ts';
import { watchKeys } from '../../src/http/keys.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { ENGINE, post, startApp, startOwnApp, validRequest } from '../support/app.ts';

const digest = (key: string) => createHash('sha256').update(key).digest('hex');
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

t.test('API keys: plain or as digests, in either header; without a key 401', async (t) => {
  const app = await startOwnApp(t, { API_KEYS: `first, sha256:${digest('second')}` });
  for (const headers of [bearer('first'), bearer('second'), { 'x-api-key': 'second' }, { authorization: 'bearer  first ' }])
    t.equal((await post(app, validRequest(), headers)).statusCode, 200, JSON.stringify(headers));
  for (const headers of [{}, bearer('third'), bearer(digest('second')), bearer('firs'), { authorization: 'Basic first' }]) {
    const response = await post(app, validRequest(), headers);
    t.equal(response.statusCode, 401, JSON.stringify(headers));
    t.equal(response.headers['www-authenticate'], 'Bearer realm="gradients"');
    t.match(response.json(), { type: '/problems/unauthorized', detail: 'the API key is missing or unknown' });
  }
  t.equal((await app.inject({ url: '/metrics' })).statusCode, 401);
  t.equal((await app.inject({ url: '/metrics', headers: bearer('first') })).statusCode, 200);
  for (const url of ['/', '/livez', '/openapi.json', '/docs', '/problems/unauthorized'])
    t.equal((await app.inject({ url })).statusCode, 200, `${url} is for everybody`);
});

t.test('a key may have an owner; one that ends in = is a key', async (t) => {
  const own = ['c2Vj', 'c2VjcmU=', 'c2VjcmV0cw==', 'Upper=case', `sha256:${digest('x')}`];
  const API_KEYS = ['a=first', `a=sha256:${digest('second')}`, 'b.2=third=', ...own].join();
  const app = await startOwnApp(t, { API_KEYS });
  const keys = watchKeys(app, readConfig({ API_KEYS }));
  const ownerOf = (key: string) => keys.find({ 'x-api-key': key })?.owner;
  t.strictSame(['first', 'second', 'third='].map(ownerOf), ['a', 'a', 'b.2']);
  for (const key of [...own.slice(0, -1), 'x']) t.equal(ownerOf(key), digest(key), `${key}: its own owner`);
  t.strictSame(['a=first', 'a', 'third', 'b.2=third='].map(ownerOf), [undefined, undefined, undefined, undefined]);
  const known = keys.find({ 'x-api-key': 'first' });
  t.equal(known?.digest, digest('first'), 'clients are counted by keys, not by owners');
});

t.test('API_KEYS_FILE is read again when it changes; an invalid file changes nothing', async (t) => {
  const file = `${t.testdir({ keys: 'old\n\n' })}/keys`;
  const lines: string[] = [];
  const output = new PassThrough();
  const log = (message: string) =>
    new Promise<void>((resolve) => {
      const look = (line: unknown) => {
        lines.push(`${line}`);
        if (`${line}`.includes(message)) output.off('data', look) && resolve();
      };
      output.on('data', look);
    });
  const config = readConfig({ ENGINE, API_KEYS: 'always', API_KEYS_FILE: file });
  const app = await buildApp(config, createLogger('info', output));
  t.teardown(() => app.close());
  // Keeps the process alive while the test waits.
  await app.listen({ host: '127.0.0.1', port: 0 });
  const statusOf = async (key: string) => (await post(app, validRequest(), bearer(key))).statusCode;
  t.strictSame([await statusOf('always'), await statusOf('old'), await statusOf('new')], [200, 200, 401]);
  const changed = log('API keys: 3');
  writeFileSync(file, 'new\nand-another\n');
  await changed;
  t.strictSame([await statusOf('always'), await statusOf('old'), await statusOf('new')], [200, 401, 200]);
  const refused = log(`API_KEYS_FILE: ${file}, line 1: expected 64 hexadecimal digits after sha256:`);
  writeFileSync(file, 'sha256:short\nwith-another-length\n');
  await refused;
  t.equal(await statusOf('new'), 200);
  t.notOk(
    lines.some((line) => /another|always/.test(line)),
    'no key is in the log',
  );
});

t.test('an invalid configuration of access prevents the start, and no key is shown', async (t) => {
  const start = (environment: Record<string, string>) => buildApp(readConfig({ ENGINE, ...environment }));
  const file = (content: string) => `${t.testdir({ keys: content })}/keys`;
  const visible = 'expected visible ASCII characters without commas: a key of others matches no header';
  const keys: [keys: string, message: string][] = [
    ['sha256:12', 'API_KEYS: key 1: expected 64 hexadecimal digits after sha256:'],
    ['first,schlüssel', `API_KEYS: key 2: ${visible}`],
    ['first key', `API_KEYS: key 1: ${visible}`],
    ['a\u007fb', `API_KEYS: key 1: ${visible}`],
    ['x'.repeat(4097), 'API_KEYS: key 1: expected at most 4096 characters'],
    ['team=sha256:12', 'API_KEYS: key 1: expected 64 hexadecimal digits after sha256:'],
    [
      `a=first,second,b=sha256:${digest('first')}`,
      'API_KEYS: key 3: expected one owner per key, but this key has another one before (API_KEYS: key 1)',
    ],
    [' , ', 'API_KEYS: expected at least one key, got only commas'],
  ];
  for (const [API_KEYS, message] of keys) await t.rejects(start({ API_KEYS }), new Error(message));
  const folder = t.testdir({ 'is-a': { folder: '' } });
  for (const [path, what] of [
    ['/no/such/file', 'ENOENT'],
    [`${folder}/is-a`, 'EISDIR'],
  ])
    await t.rejects(start({ API_KEYS_FILE: path }), {
      message: new RegExp(`^API_KEYS_FILE: ${path}: expected a file with one key per line: ${what}`),
    });
  for (const line of ['schlüssel', 'two words', 'one,two', '\u00a0x\u00a0y']) {
    const path = file(`first\n\n ${line} \r\n`);
    await t.rejects(start({ API_KEYS_FILE: path }), new Error(`API_KEYS_FILE: ${path}, line 3: ${visible}`));
  }
});

t.test('a file without keys allows nobody', async (t) => {
  const app = await startOwnApp(t, { API_KEYS_FILE: `${t.testdir({ keys: '\n' })}/keys` });
  t.equal((await post(app, validRequest(), bearer('x'))).statusCode, 401);
});

t.test('the rate limit counts by key, otherwise by address; orchestrators are exempt', async (t) => {
  const app = await startOwnApp(t, { RATE_LIMIT: '2', RATE_WINDOW_MS: '3600000', API_KEYS: 'a,b' });
  const ask = (headers: Record<string, string>) => post(app, validRequest(), headers);
  const first = await ask(bearer('a'));
  t.match(first.headers, { 'ratelimit-limit': '2', 'ratelimit-remaining': '1', 'ratelimit-reset': '3600' });
  t.equal((await ask(bearer('a'))).statusCode, 200);
  const third = await ask(bearer('a'));
  t.equal(third.statusCode, 429);
  t.match(third.headers, { 'ratelimit-remaining': '0', 'retry-after': '3600', 'content-type': 'application/problem+json' });
  t.match(third.json(), {
    type: '/problems/too-many-requests',
    detail: 'more than 2 requests in 3600000 ms (RATE_LIMIT)',
  });
  t.equal((await ask(bearer('b'))).statusCode, 200, 'another key');
  t.strictSame([(await ask({})).statusCode, (await ask({})).statusCode, (await ask({})).statusCode], [401, 401, 429], 'no key');
  for (let i = 0; i < 4; i++) for (const url of ['/livez', '/metrics']) t.not((await app.inject({ url })).statusCode, 429);
});

t.test('RATE_LIMIT=0 disables the limit', async (t) => {
  const app = await startOwnApp(t, { RATE_LIMIT: '0' });
  const { statusCode, headers } = await post(app, validRequest());
  t.equal(statusCode, 200);
  t.notOk('ratelimit-limit' in headers);
});

t.test('TRUST_PROXY: whose X-Forwarded-For is trusted', async (t) => {
  const address = async (TRUST_PROXY?: string) => {
    const app = await startOwnApp(t, { RATE_LIMIT: '1', RATE_WINDOW_MS: '3600000', ...(TRUST_PROXY && { TRUST_PROXY }) });
    const ask = async (from: string) => (await app.inject({ url: '/', headers: { 'x-forwarded-for': from } })).statusCode;
    return [await ask('192.0.2.1'), await ask('192.0.2.2'), await ask('192.0.2.2')];
  };
  t.strictSame(await address(), [200, 429, 429], 'nobody is believed: one client');
  for (const trusted of ['127.0.0.1', '10.0.0.0/8, 127.0.0.0/8', '1'])
    t.strictSame(await address(trusted), [200, 200, 429], trusted);
  t.strictSame(await address('10.0.0.0/8'), [200, 429, 429], 'a stranger is not believed');
  const app = await startOwnApp(t, { RATE_LIMIT: '1', RATE_WINDOW_MS: '3600000', TRUST_PROXY: '1' });
  const from = async (address: string) => (await app.inject({ url: '/', headers: { 'x-forwarded-for': address } })).statusCode;
  t.strictSame(
    [await from('2001:db8::1'), await from('2001:db8::2'), await from('2001:db8:1::1')],
    [200, 429, 200],
    'a network of IPv6',
  );
});

t.test('CORS: off by default; allowed for CORS_ORIGINS', async (t) => {
  const origin = 'https://example.org';
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,x-api-key,if-match,if-none-match,prefer,idempotency-key',
  };
  const closed = await startApp();
  t.equal((await closed.inject({ method: 'OPTIONS', url: '/gradients', headers: preflight })).statusCode, 405);
  t.notOk('access-control-allow-origin' in (await post(closed, validRequest(), { origin })).headers);
  const open = await startOwnApp(t, { CORS_ORIGINS: `https://a.example, ${origin}`, API_KEYS: 'key' });
  const response = await open.inject({ method: 'OPTIONS', url: '/gradients', headers: preflight });
  t.equal(response.statusCode, 204, 'before any key is asked for');
  t.match(response.headers, {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
    'access-control-allow-headers': preflight['access-control-request-headers'],
    'access-control-max-age': '86400',
  });
  const answer = await post(open, validRequest(), { origin, ...bearer('key') });
  t.equal(answer.statusCode, 200);
  t.match(answer.headers, { 'access-control-allow-origin': origin, vary: /origin/i });
  const exposed = `${answer.headers['access-control-expose-headers']}`.split(', ');
  for (const header of ['ETag', 'Location', 'Retry-After', 'Preference-Applied', 'X-Request-Id'])
    t.ok(exposed.includes(header), header);
  t.notOk('access-control-allow-origin' in (await post(open, validRequest(), { origin: 'https://evil.example' })).headers);
  t.equal((await open.inject({ url: '/nothing' })).statusCode, 404, 'other paths are as before');
  const any = await startOwnApp(t, { CORS_ORIGINS: '*' });
  t.equal((await post(any, validRequest(), { origin })).headers['access-control-allow-origin'], '*');
});

t.test('security headers for browsers, and no header that reveals the software', async (t) => {
  const app = await startApp();
  const { headers } = await post(app, validRequest());
  t.match(headers, {
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  t.notOk('server' in headers || 'x-powered-by' in headers);
  const page = await app.inject({ url: '/', headers: { accept: 'text/html' } });
  t.match(page.headers['content-security-policy'], /^default-src 'none'; script-src 'self';/, 'a page has its own');
  t.notMatch(page.body, /\d+\.\d+\.\d+</);
});

t.test('a warning if the service is reachable from other machines without keys', async (t) => {
  const warned = (environment: Record<string, string>) => {
    const lines: string[] = [];
    const output = new PassThrough().on('data', (line) => lines.push(JSON.parse(`${line}`).msg));
    warnOfStrangers(readConfig(environment), createLogger('warn', output));
    return lines;
  };
  t.match(warned({ HOST: '0.0.0.0' }), [/^no API keys are set .* anyone who can reach 0\.0\.0\.0 may send requests$/]);
  t.equal(warned({ HOST: '::' }).length, 1);
  for (const HOST of ['127.0.0.1', '::1', 'localhost']) t.strictSame(warned({ HOST }), []);
  t.strictSame(warned({ HOST: '0.0.0.0', API_KEYS: 'a' }), []);
});
