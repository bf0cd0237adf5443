// The release workflow: its steps that are shell, run here with registries that have a version already, or not.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { type Document, missing, pathOf, read, readYaml, run } from './files.ts';

const { jobs } = readYaml('.github/workflows/release.yml');
const PYTHON = process.env.PYTHON ?? 'python3';

/** For what steps write; with a `gh` that only prints its arguments. */
const folder = t.testdir({
  bin: { gh: '#!/bin/sh\necho "gh $*"\n', pip: `#!/bin/sh\nexec ${PYTHON} -m pip "$@"\n` },
  'CHANGELOG.md': read('CHANGELOG.md'),
});
for (const program of ['gh', 'pip']) chmodSync(join(folder, 'bin', program), 0o755);
const output = join(folder, 'output');

/** The steps of a job, by name or action. */
function stepOf(job: string, name: string): Document {
  return jobs[job].steps.find((step: Document) => step.name === name || step.uses?.startsWith(name));
}

/** Runs a step as the forge does. Returns what it prints, and its outputs. */
async function runStep(step: Document, environment: Record<string, string>, cwd = pathOf('')) {
  writeFileSync(output, '');
  const PATH = `${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`;
  const given = { ...environment, PATH, GITHUB_OUTPUT: output, RUNNER_TEMP: folder };
  const variables = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  const { stdout } = await run('env', [...variables, 'bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], cwd);
  return { stdout, output: readFileSync(output, 'utf8').trim() };
}

/** A registry that has these paths, and nothing else. */
async function startRegistry(t: Test, files: Record<string, string | Buffer>): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const body = files[decodeURIComponent(url)];
    response.writeHead(body ? 200 : 404, { 'content-type': url.endsWith('/') ? 'text/html' : 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const FIRST = 'Is this version at the registry?';

for (const project of jobs.npm.strategy.matrix.folder) {
  t.test(`npm: ${project}`, async (t) => {
    const { name, version } = JSON.parse(read(`${project}/package.json`));
    const ask = async (files: Record<string, string>) => {
      const url = await startRegistry(t, files);
      return runStep(stepOf('npm', FIRST), { FOLDER: project, npm_config_registry: url, npm_config_fetch_retries: '0' });
    };
    const document = (version: string) =>
      JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } });
    const bill = `${name}-${version}.npm.cdx.json`;
    // As the registry answers for a package of which there is no version at all, or another one.
    t.strictSame((await ask({})).output, `bill=${bill}`);
    t.strictSame((await ask({ [`/${name}`]: document('0.0.1') })).output, `bill=${bill}`);
    const published = await ask({ [`/${name}`]: document(version) });
    t.strictSame(published, { stdout: `::notice::${name}@${version} has been published before\n`, output: '' });
  });
}

t.test('npm: the bill of materials', { skip: await missing('jq', '--version') }, async (t) => {
  const file = join(folder, 'bill.cdx.json');
  const step = stepOf('npm', 'Write the bill of materials');
  const { stdout } = await runStep(step, { FOLDER: 'bin', BILL: file, GITHUB_REF_NAME: 'v1.2.3' });
  t.equal(stdout, `gh release upload --clobber v1.2.3 ${file}\n`);
  const { version } = JSON.parse(read('bin/package.json'));
  const { metadata, components } = JSON.parse(readFileSync(file, 'utf8'));
  const name = 'gradient-service-cli';
  t.match(metadata.component, { name, version, purl: `pkg:npm/${name}@${version}`, licenses: [{ license: { id: 'MIT' } }] });
  t.strictSame(components, [], 'it depends on nothing');
});

t.test('Python', { skip: await missing(PYTHON, '-m', 'pip', '--version') }, async (t) => {
  const [, version] = /^version = "(.*)"$/m.exec(read('clients/python/pyproject.toml')) ?? [];
  const [name, project] = ['gradient-service-client', 'gradient_service_client'];
  const wheel = join(folder, `${project}-${version}-py3-none-any.whl`);
  const make = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr(sys.argv[2] + "/METADATA", "Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n")
    wheel.writestr(sys.argv[2] + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(sys.argv[2] + "/RECORD", "")`;
  await run(PYTHON, ['-c', make, wheel, `${project}-${version}.dist-info`]);
  const ask = async (files: Record<string, string | Buffer>) => {
    const url = await startRegistry(t, files);
    return runStep(stepOf('python', FIRST), {
      PIP_INDEX_URL: `${url}/simple`,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_RETRIES: '0',
    });
  };
  t.equal((await ask({})).output, `bill=${name}-${version}.python.cdx.json`);
  const index = `<!DOCTYPE html><a href="/${basename(wheel)}">${basename(wheel)}</a>`;
  const published = await ask({ [`/simple/${name}/`]: index, [`/${basename(wheel)}`]: readFileSync(wheel) });
  t.strictSame(published, { stdout: `::notice::${name}==${version} has been published before\n`, output: '' });
});

t.test('what has been published is neither built, nor attested, nor published again', (t) => {
  for (const job of ['npm', 'python']) {
    const { steps } = jobs[job];
    const after = steps.slice(steps.indexOf(stepOf(job, FIRST)) + 1);
    t.ok(after.length >= 4);
    for (const step of after) t.equal(step.if, 'steps.new.outputs.bill', step.name ?? step.uses);
    t.match(stepOf(job, 'actions/attest-sbom').with['sbom-path'], '${'.concat('{ steps.new.outputs.bill }}'));
  }
  t.end();
});

t.test('the text of a release is that of its section in the changelog', async (t) => {
  const [, version] = /^## (\d+\.\d+\.\d+) /m.exec(read('CHANGELOG.md')) ?? [];
  const inFolder = (reference: string) => runStep(stepOf('notes', 'Make the release'), { GITHUB_REF_NAME: reference }, folder);
  t.equal(
    (await inFolder(`v${version}`)).stdout,
    `gh release create v${version} --verify-tag --title ${version} --notes-file notes.md\n`,
  );
  const notes = readFileSync(join(folder, 'notes.md'), 'utf8');
  t.ok(read('CHANGELOG.md').includes(notes));
  t.match(notes, '### Added');
  t.notMatch(notes, /^## /m);
  await t.rejects(inFolder('v0.0.1'), { stderr: 'CHANGELOG.md has no section 0.0.1\n' } as unknown as Error);
});
