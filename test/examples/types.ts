// npm run build:types: generates the types of examples/typescript from the service's description of itself.
import { writeFileSync } from 'node:fs';
import { runCommand } from '../support/languages.ts';
import { startService } from '../support/process.ts';
import { folder } from './programs.ts';

export const typesFile = `${folder}typescript/openapi.d.ts`;

/** The types, as `npm run generate` of the example makes them; it has to be installed. */
export async function generateTypes(): Promise<string> {
  const service = await startService();
  try {
    const generator = `${folder}typescript/node_modules/.bin/openapi-typescript`;
    const { code, stdout, stderr } = await runCommand([generator, new URL('/openapi.json', service.url).href]);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  } finally {
    service.process.kill();
    await service.exit;
  }
}

if (import.meta.main) writeFileSync(typesFile, await generateTypes());
