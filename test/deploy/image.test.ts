// The image: its Dockerfile, and its bill of materials.
import t from 'tap';
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

t.test('the bill of materials lists npm packages, Node and Debian packages', async (t) => {
  const directory = t.testdir({
    'package.json': JSON.stringify({ name: 'gradient-service', version: '1.2.3' }),
    'npm.json': JSON.stringify({ metadata: { component: { type: 'library', name: 'app' } }, components: [{ name: 'fastify' }] }),
    'os-release': 'NAME="Debian"\nVERSION_ID="12"\n',
    status: { libc6: 'Package: libc6\nMaintainer: Someone\nArchitecture: amd64\nVersion: 2.36-9+deb12u10\n' },
  });
  const files = ['package.json', 'npm.json', 'status', 'os-release'].map((file) => `${directory}/${file}`);
  const { stdout } = await run(process.execPath, ['deploy/image/sbom.ts', ...files]);
  const { metadata, components } = JSON.parse(stdout);
  t.strictSame(metadata.component, { type: 'application', name: 'gradient-service', version: '1.2.3' });
  t.match(components, [
    { name: 'fastify' },
    { name: 'node', version: process.versions.node },
    {
      purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12',
      supplier: { name: 'Someone' },
      description: '',
    },
  ]);
});
