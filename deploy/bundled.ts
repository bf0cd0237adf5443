// The packages that the page is bundled from: their licences, and their entries in a bill of materials (CycloneDX).
import { readdirSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The text of its licence. */
  readonly text: string;
}

/** The packages with code in the output of a build, by name. */
export function bundledPackages(root: string, { outputs }: Metafile): Package[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = new Set(used.flatMap(([path]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));
    const file = readdirSync(`${root}${folder}`).find((file) => /^licen[cs]e/i.test(file));
    // Without it, the page must not be given to anybody.
    if (!file) throw new Error(`${name} has no file with its licence`);
    return { name, version, license, text: readFileSync(`${root}${folder}/${file}`, 'utf8').trim() };
  });
}

/** The licences of packages, as a text for people. */
export function licencesOf(packages: readonly Package[]): string {
  const parts = packages.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
  return `This page contains code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** The components of a bill of materials that packages are. */
export function componentsOf(packages: readonly Package[]): object[] {
  return packages.map(({ name, version, license }) => ({
    'bom-ref': `${name}@${version}`,
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ expression: license }],
  }));
}
