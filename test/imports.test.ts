// The structure of src/ (see CONTRIBUTING.md): allowed imports between folders, no import cycles, and the files directly in src/.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';

/** From the top down: a file may import from its own folder and from those below. */
const LAYERS = [
  'server',
  'worker',
  'app',
  'config',
  'page',
  'routes',
  'jobs',
  'observability',
  'http',
  'pool',
  'operations',
  'work',
  'backprop',
  'linalg',
  'store',
  'wire',
  'memory',
  'kernel',
  'refusal',
  'schemas',
];

/** Additional restrictions: the page runs in a browser, and the mathematics is independent of the wire formats. */
const APART: Record<string, readonly string[]> = {
  page: LAYERS.slice(LAYERS.indexOf('routes'), LAYERS.indexOf('schemas')),
  work: ['wire'],
  backprop: ['wire'],
  linalg: ['wire'],
};

const FILES_IN_SRC = ['src/app.ts', 'src/config.ts', 'src/refusal.ts', 'src/server.ts', 'src/worker.ts'];

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'|new URL\('([^']+\.ts)', import\.meta\.url\)/g;

/** The files that a file imports, including types, as paths from the root. */
function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)]
    .map(([, imported, loaded]) => join(dirname(file), imported ?? loaded))
    .filter((path) => /\.tsx?$/.test(path));
}

/** The layer of a file: src/http/gate.ts belongs to http, src/app.ts to app. */
function layerOf(file: string): string {
  const [top, second] = file.split('/');
  return top === 'src' ? second.replace('.ts', '') : top;
}

/** The source files, except AssemblyScript. */
const files = globSync(['src/**/*.{ts,tsx}', 'schemas/*.ts'], { exclude: ['src/kernel/assembly/*'] });
const imports = new Map(files.map((file) => [file, importsOf(file)]));

t.test('every file belongs to a layer, and only the listed files are directly in src/', async (t) => {
  t.ok(files.length > 50);
  t.strictSame(globSync('src/*.ts').sort(), FILES_IN_SRC);
  t.strictSame(
    files.filter((file) => !LAYERS.includes(layerOf(file))),
    [],
  );
});

t.test('no import of a higher layer', async (t) => {
  const wrong = [...imports].flatMap(([file, imported]) =>
    imported
      .filter((path) => {
        const [from, to] = [layerOf(file), layerOf(path)];
        return LAYERS.indexOf(to) < LAYERS.indexOf(from) || APART[from]?.includes(to);
      })
      .map((path) => `${file} imports ${path}`),
  );
  t.strictSame(wrong, []);
});

t.test('no import cycle, including types', async (t) => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (path.includes(file) || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.strictSame(cycles, []);
});
