// The committed WebAssembly is up to date with its source.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import t from 'tap';

t.test('kernel.wasm', async (t) => {
  const folder = new URL('../../src/kernel/', import.meta.url);
  const read = (file: string) => {
    try {
      return readFileSync(new URL(file, folder));
    } catch {
      return null;
    }
  };
  const compiled: Record<string, Uint8Array> = {};
  const { error, stderr } = await asc.main(['--config', 'asconfig.json'], {
    readFile: (file) => read(file)?.toString() ?? null,
    writeFile: (file, contents) => {
      compiled[file] = contents as Uint8Array;
    },
  });
  t.equal(error, null, stderr.toString());
  const [wasm] = Object.values(compiled);
  t.ok(read('kernel.wasm')?.equals(wasm), 'npm run build:kernel brings it up to date');
});
