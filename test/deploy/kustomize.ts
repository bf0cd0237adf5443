// Shared by the tests of the Kubernetes manifests: builds kustomizations, and validates what comes out.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { missing, pathOf, run } from './files.ts';

const python = process.env.PYTHON ?? 'python3';

/** The command that builds a kustomization, if one is installed that supports components and labels. */
export async function kustomize(): Promise<string[] | undefined> {
  const version = async (command: string, ...args: string[]) =>
    run(command, args).then(
      ({ stdout }) => /v5\.\d+/.test(stdout),
      () => false,
    );
  if (await version('kustomize', 'version')) return ['kustomize', 'build'];
  if (await version('kubectl', 'version', '--client')) return ['kubectl', 'kustomize'];
  return undefined;
}

/**
 * Builds an overlay of the base with components, in the order given, and further settings. `command` is that of kustomize(); `folder` has
 * an empty folder `overlay`.
 */
export async function buildOverlay(
  [program, subcommand]: string[],
  folder: string,
  { components, settings }: { components: string[]; settings: string[] },
): Promise<string> {
  // A kustomization refers to others by relative paths only.
  const at = relative(`${folder}/overlay`, pathOf('deploy/kubernetes'));
  const overlay = {
    kind: 'Kustomization',
    namespace: 'gradients',
    resources: [`${at}/base`],
    components: components.map((name) => `${at}/components/${name}`),
    configMapGenerator: [{ name: 'settings', behavior: 'merge', literals: settings }],
  };
  writeFileSync(`${folder}/overlay/kustomization.yaml`, JSON.stringify(overlay));
  return (await run(program, [subcommand, `${folder}/overlay`])).stdout;
}

/** The reason to skip a validation. */
export const noValidator = () => missing(python, '-c', 'import kubernetes_validate');

/** Validates a YAML text against the schemas of Kubernetes; `folder` is for a file. @throws Error if it is not valid. */
export async function validate(text: string, folder: string): Promise<void> {
  // The kind ServiceMonitor is declared by the Prometheus operator, not by Kubernetes.
  const documents = text.split('\n---\n').filter((document) => !document.includes('kind: ServiceMonitor'));
  writeFileSync(`${folder}/all.yaml`, documents.join('\n---\n'));
  await run(python, ['-m', 'kubernetes_validate', '--strict', '-k', '1.30.0', `${folder}/all.yaml`]);
}
