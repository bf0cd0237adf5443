// The OpenAPI document passes a strict linter with all rules, without warnings.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { startIdleApp } from '../support/app.ts';

const run = promisify(execFile);

t.test('redocly lint, recommended-strict', async (t) => {
  const app = await startIdleApp();
  // Waits for the threads, so that they multiply nothing: see test/wire/safetensors.test.ts.
  await app.readiness.started;
  const folder = t.testdir();
  const lint = async (name: string, document: object) => {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(document));
    const program = join(import.meta.dirname, '../../node_modules/.bin/redocly');
    const environment = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const args = ['lint', '--extends', 'recommended-strict', '--format', 'json', file];
    const { stdout } = await run(program, args, { cwd: folder, env: environment, timeout: 60_000 }).catch((error) => error);
    return JSON.parse(stdout).problems.map(({ ruleId, message }: Record<string, string>) => `${ruleId}: ${message}`);
  };
  const document = (await app.inject({ url: '/openapi.json' })).json();
  t.strictSame(await lint('openapi.json', document), []);
  const { security: _, ...worse } = document;
  t.match(await lint('worse.json', worse), [/^security-defined: /], 'it finds what is wrong');
});

t.test('additional rules', async (t) => {
  const app = await startIdleApp();
  const { info, tags, paths } = (await app.inject({ url: '/openapi.json' })).json();
  t.match(info, { description: /./, contact: { name: /./ }, license: { identifier: 'MIT' } });
  const described = tags.map(({ name, description }: Record<string, string>) => description && name);
  for (const [path, operations] of Object.entries<Record<string, Operation>>(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const { operationId, summary, description, responses, requestBody } = operation;
      t.ok(operationId && summary && description, `${method} ${path} is described`);
      for (const tag of operation.tags) t.ok(described.includes(tag), `its tag ${tag} is described`);
      t.ok(
        Object.keys(responses).some((status) => status.startsWith('4')),
        'it says how it is refused',
      );
      for (const { description, content } of [...Object.values(responses), ...(requestBody ? [requestBody] : [])]) {
        if (!requestBody) t.ok(description);
        if (!content) continue;
        const [[, { example, examples }]] = Object.entries(content);
        t.ok(example ?? Object.keys(examples ?? {}).length > 0, 'it has an example');
      }
    }
  }
});

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: string[];
  readonly responses: Record<string, Content>;
  readonly requestBody?: Content;
}

interface Content {
  readonly description?: string;
  /** Undefined for 204 and 304. */
  readonly content?: Record<string, { readonly example?: unknown; readonly examples?: object }>;
}
