// The image: its Dockerfile, and its bill of materials.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { bundledPackages } from '../../deploy/bundled.ts';
import { buildPage } from '../../deploy/page.ts';
import { BUILT_PAGE } from '../../src/http/assets.ts';
import { read, run } from './files.ts';

t.test('the last stage contains only what is copied into it, and does not run as root', async (t) => {
  const last =
    read('Dockerfile')
      .split(/^FROM /m)
      .at(-1) ?? '';
  t.match(last, /^scratch\n/);
  t.match(last, /\nUSER 1000:1000\n/);
  t.match(last, /^ENV .* STORE=\/data$/m);
  t.match(last, /^COPY .*--chown=1000:1000 \/data \/data$/m, 'the store can be written to');
  t.match(last, /^VOLUME \/data$/m);
  // The image has no shell, so commands must be in exec form.
  for (const [, command] of last.matchAll(/^\s*(?:RUN|CMD|HEALTHCHECK.*CMD) (.*)$/gm)) t.type(JSON.parse(command), Array);
});

t.test('the bill of materials lists npm packages, also those of the page, Node and Debian packages', async (t) => {
  const externalReferences = [
    { type: 'vcs', url: 'git@github.com:fastify/fastify.git' },
    { type: 'website', url: 'https://fastify.dev' },
  ];
  const fastify = { name: 'fastify', purl: 'pkg:npm/fastify@1.0.0', externalReferences };
  const directory = t.testdir({
    'package.json': JSON.stringify({ name: 'gradient-service', version: '1.2.3' }),
    'npm.json': JSON.stringify({ metadata: { component: { type: 'library', name: 'app' } }, components: [fastify] }),
    'packages.json': JSON.stringify([fastify, { name: 'preact', purl: 'pkg:npm/preact@1.0.0' }]),
    'os-release': 'NAME="Debian"\nVERSION_ID="12"\n',
    status: { libc6: 'Package: libc6\nMaintainer: Someone\nArchitecture: amd64\nVersion: 2.36-9+deb12u10\n' },
  });
  const files = ['package.json', 'npm.json', 'packages.json', 'status', 'os-release'].map((file) => `${directory}/${file}`);
  const { stdout } = await run(process.execPath, ['deploy/image/sbom.ts', ...files]);
  const { metadata, components } = JSON.parse(stdout);
  t.strictSame(metadata.component, { type: 'application', name: 'gradient-service', version: '1.2.3' });
  t.match(components, [
    { ...fastify, externalReferences: [{ url: 'ssh://git@github.com/fastify/fastify.git' }, { url: 'https://fastify.dev' }] },
    { name: 'node', version: process.versions.node },
    { name: 'preact' },
    {
      purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12',
      supplier: { name: 'Someone' },
      description: '',
    },
  ]);
});

t.test(
  'the page has the licences of the packages that it is bundled from, which are components of the bill of materials',
  async (t) => {
    await buildPage();
    t.equal(statSync(BUILT_PAGE).mode & 0o777, 0o755, 'the user of the image, who did not build it, can read it');
    const files = readdirSync(BUILT_PAGE);
    const file = (form: RegExp) => readFileSync(new URL(files.find((name) => form.test(name)) as string, BUILT_PAGE), 'utf8');
    const components: { name: string; version: string; purl: string }[] = JSON.parse(file(/^packages\.json$/));
    const licences = file(/^licenses-[0-9A-Z]{8}\.txt$/);
    for (const name of ['preact', '@preact/signals', 'd3-shape', '@observablehq/plot', '@codemirror/view', '@lezer/lr']) {
      const { version } = JSON.parse(read(`node_modules/${name}/package.json`));
      const component = components.find((component) => component.name === name);
      t.match(component, {
        version,
        purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
        licenses: [{ expression: /^(MIT|ISC)$/ }],
      });
      t.match(licences, `${name} ${version} (`);
      t.ok(licences.includes(read(`node_modules/${name}/LICENSE`).trim()), `the licence of ${name}`);
    }
    t.notOk(
      components.some(({ name }) => name === 'esbuild' || name === 'typescript'),
      'what builds it is not in it',
    );
    t.match(file(/^main-\w+\.js$/), '/*! Licences: licenses.txt */');

    const folder = t.testdir({ node_modules: { free: { 'package.json': '{"name":"free"}' } } });
    const outputs = { 'main.js': { inputs: { 'node_modules/free/a.js': { bytesInOutput: 1 } } } };
    t.throws(() => bundledPackages(`${folder}/`, { outputs } as never), { message: 'free has no file with its licence' });
  },
);
