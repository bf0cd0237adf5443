// Attacks of the threat model by keys, paths and headers, and the answer to each.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { validRequest } from '../support/app.ts';
import { goesOn, post, refused, start } from '../support/attack.ts';
import type { Service } from '../support/process.ts';
import { file, parts, SAFETENSORS } from '../support/safetensors-file.ts';

t.test('keys of Object.prototype', async (t) => {
  const service = await start(t);
  const request = JSON.stringify(validRequest());
  for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'then']) {
    const invalid = { ...refused(400, 'invalid-request'), pointers: [`/${key}`] };
    t.match(await post(service, request.replace('{', `{"${key}":{"polluted":1},`)), invalid, `${key} in JSON`);
    t.match(
      await post(service, request.replace('{', `{"${key}":{"polluted":1},`) + ' '.repeat(100_000)),
      invalid,
      `${key} in long JSON`,
    );
    const { header, data, rest } = parts(validRequest());
    const asDocument = { ...header, __metadata__: { request: JSON.stringify(rest).replace('{', `{"${key}":{"polluted":1},`) } };
    t.match(
      await post(service, file(asDocument, data), { 'content-type': SAFETENSORS }),
      invalid,
      `${key} in the document of a file`,
    );
    const entry = header['batch.inputs'];
    for (const name of [key, `${key}.polluted`, `network.layers.0.${key}.polluted`, `batch.${key}`]) {
      const { 'batch.inputs': _, ...others } = header;
      const text = JSON.stringify(others).replace('{', `{"${name}":${JSON.stringify(entry)},`);
      const answer = await post(service, file(text, data), { 'content-type': SAFETENSORS });
      t.match(answer, { ...refused(400, 'invalid-request'), pointers: [`/${name.replaceAll('.', '/')}`] }, `the tensor ${name}`);
    }
  }
  await goesOn(t, service);
});

t.test('duplicate keys', async (t) => {
  const service = await start(t);
  const request = JSON.stringify(validRequest());
  for (const again of ['"batch"', '"\\u0062atch"']) {
    const twice = request.replace('{', `{${again}:{},`);
    const invalid = { ...refused(400, 'invalid-request'), pointers: ['/batch'] };
    t.match(await post(service, twice), invalid, again);
    t.match(await post(service, twice + ' '.repeat(100_000)), invalid, `${again} in a long body`);
  }
  const { header, data } = parts(validRequest());
  const twice = JSON.stringify(header).replace('{', `{"batch.inputs":${JSON.stringify(header['batch.inputs'])},`);
  t.match(await post(service, file(twice, data), { 'content-type': SAFETENSORS }), refused(400, 'malformed-body'), 'a tensor');
  await goesOn(t, service);
});

/** Sends a request line unchanged; fetch would normalize the path. */
async function get({ url }: Service, path: string, ...headers: string[]): Promise<{ status: number; body: string }> {
  const socket = connect(Number(url.port), url.hostname);
  socket.write([`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers, '', ''].join('\r\n'));
  const [head, ...body] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(head.slice(9, 12)), body: body.join('\r\n\r\n') };
}

t.test('path traversal in the documentation', async (t) => {
  const service = await start(t);
  const wrong: string[] = [];
  const ups = ['..', '%2e%2e', '%2E%2E', '.%2e', '%252e%252e', '..%00', '..;', '....//'];
  const slashes = ['/', '%2f', '%5c', '\\', '%252f', '//'];
  for (const prefix of ['/docs/static', '/docs', '']) {
    for (const up of ups) {
      for (const slash of slashes) {
        for (const target of [['package.json'], ['etc', 'passwd']]) {
          const path = [`${prefix}/${up}`, up, up, up, ...target].join(slash);
          const { status, body } = await get(service, path);
          const out = body.includes('gradient-service') || body.includes('root:');
          if (out || ![404, 400].includes(status)) wrong.push(`${path}: ${status} ${body.slice(0, 100)}`);
        }
      }
    }
  }
  t.strictSame(wrong, []);
  for (const path of ['/docs/static/package.json', '/docs/static/index.html/../../../package.json', '/docs/static//etc/passwd'])
    t.equal((await get(service, path)).status, 404, path);
  t.equal((await get(service, '/docs/static/swagger-ui.css')).status, 200);
  await goesOn(t, service);
});

t.test('requests cannot inject log lines, and the log contains no secrets', async (t) => {
  const service = await start(t, { LOG_LEVEL: 'trace', API_KEYS: 'right-key' });
  const line = '{"level":60,"msg":"forged"}';
  const secret = 'c7b1f0e2';
  for (const path of [
    `/%0d%0a${encodeURIComponent(line)}`,
    `/${line.replaceAll(' ', '')}`,
    '/\u001b[2J',
    `/livez?key=${secret}`,
    `/nothing?key=${secret}`,
    `/problems/x?${secret}`,
  ])
    await get(service, path);
  await get(service, '/', `X-Request-Id: a\\n${line}`, `X-Forwarded-For: ${line}`, `User-Agent: ${line}`);
  await get(service, '/', `X-Request-Id: a\r\n${line}`);
  await get(service, '/', `X-Request-Id: a\n${line}: b`);
  await get(service, '/metrics', `Authorization: Bearer ${secret}`, `X-API-Key: ${secret}`, `Cookie: ${secret}`);
  t.equal((await post(service, { [line]: secret }, { 'x-api-key': secret })).status, 401);
  t.equal((await post(service, { [line]: secret }, { 'x-api-key': 'right-key' })).status, 400);
  await get(service, '/', 'X-Request-Id: the-last-one');
  await service.logged(({ reqId, msg }) => reqId === 'the-last-one' && msg === 'request completed');
  t.strictSame(service.badLines, []);
  const log = JSON.stringify(service.lines);
  t.notMatch(log, secret, 'no secret');
  t.notMatch(log, 'right-key', 'no key');
  t.ok(service.lines.length > 10, `${service.lines.length} lines`);
});
