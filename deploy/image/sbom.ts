// The bill of materials of the image (CycloneDX): that of npm, plus Node, the packages that the page is bundled from, and the Debian packages.
import { readdirSync, readFileSync } from 'node:fs';

const [packageFile, npmFile, bundledFile, statusDirectory, releaseFile] = process.argv.slice(2);
const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));
const bill = JSON.parse(readFileSync(npmFile, 'utf8'));
const bundled: { purl: string }[] = JSON.parse(readFileSync(bundledFile, 'utf8'));

/** What a pattern finds at the start of a line, or nothing. */
const find = (text: string, pattern: string) => new RegExp(`^${pattern}`, 'm').exec(text)?.[1] ?? '';
const distribution = find(readFileSync(releaseFile, 'utf8'), 'VERSION_ID="?([\\d.]+)');

const node = {
  'bom-ref': `node@${process.versions.node}`,
  type: 'application',
  name: 'node',
  version: process.versions.node,
  cpe: `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`,
  purl: `pkg:github/nodejs/node@v${process.versions.node}`,
  licenses: [{ license: { id: 'MIT' } }],
};

/** A package of Debian, from its record in dpkg's database. */
function debian(record: string) {
  const field = (name: string) => find(record, `${name}: (.*)$`);
  const [name, version] = [field('Package'), field('Version')];
  const qualifiers = `arch=${field('Architecture')}&distro=debian-${distribution}`;
  return {
    'bom-ref': `deb:${name}@${version}`,
    type: 'library',
    name,
    version,
    supplier: { name: field('Maintainer') },
    description: field('Description'),
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?${qualifiers}`,
  };
}

const packages = readdirSync(statusDirectory).map((file) => debian(readFileSync(`${statusDirectory}/${file}`, 'utf8')));
// npm copies addresses as the packages have them; some are those of scp, which are no URLs.
for (const { externalReferences = [] } of bill.components) {
  for (const reference of externalReferences) reference.url = reference.url.replace(/^([\w.-]+@[\w.-]+):(?!\/\/)/, 'ssh://$1/');
}
// npm names the application after its directory.
bill.metadata.component = { ...bill.metadata.component, type: 'application', name, version };
const listed = new Set(bill.components.map(({ purl }: { purl: string }) => purl));
bill.components.push(node, ...bundled.filter(({ purl }) => !listed.has(purl)), ...packages);
console.log(JSON.stringify(bill, null, 2));
