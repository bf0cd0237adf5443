// The programs of package.json that are no tests: npm run fuzz, soak and so on.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import t from 'tap';

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const programs = Object.values<string>(scripts).flatMap((script) => /(?<=^node )(?:test|bench)\/\S+/.exec(script) ?? []);

t.test('no program loads tap, which would end it after 30 seconds', async (t) => {
  t.ok(programs.length > 10);
  for (const program of programs) {
    const { metafile } = await build({
      entryPoints: [program],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
    });
    const loaded = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    t.notOk(loaded.includes('tap'), program);
  }
});
