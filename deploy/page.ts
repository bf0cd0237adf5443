// npm run build:page: bundles the page into dist/page/, where GET / finds it. Does nothing if that is up to date; --watch builds after every change.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib, zstdCompress } from 'node:zlib';
import type { BuildOptions, Plugin } from 'esbuild';
import { bundledPackages, componentsOf, licencesOf } from './bundled.ts';

const root = new URL('../', import.meta.url);
const pathOf = (path: string) => new URL(path, root).pathname;

/** The folder of the built page. */
const OUTPUT = pathOf('dist/page/');

/** A file of each build. */
const INDEX = `${OUTPUT}index.html`;

/** Puts the values that a module exports, as JSON, into its place, and leaves what it imports out. */
const evaluated: Plugin = {
  name: 'evaluated',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/page\/request\/variants\.ts$/ }, async ({ path }) => {
      // By another name each time: it may have changed since the last build.
      const values = await import(`${path}?${Date.now()}`);
      return { contents: JSON.stringify(values), loader: 'json' };
    });
  },
};

/** How modules of the page are bundled. */
export const bundling = {
  absWorkingDir: root.pathname,
  bundle: true,
  format: 'esm',
  splitting: true,
  minify: true,
  target: 'es2023',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  tsconfigRaw: {},
  plugins: [evaluated],
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
} satisfies BuildOptions;

/** Builds the page unless it is newer than everything that it is made from. */
export async function buildPage(): Promise<void> {
  const sources = globSync(['src/page/**/*', 'schemas/*.ts', 'deploy/*.ts', 'package-lock.json'], { cwd: root.pathname });
  const newest = Math.max(...sources.map((path) => statSync(pathOf(path)).mtimeMs));
  if ((statSync(INDEX, { throwIfNoEntry: false })?.mtimeMs ?? 0) < newest) await bundle();
}

async function bundle(): Promise<void> {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    ...bundling,
    entryPoints: ['src/page/main.tsx', 'src/page/style/page.css'],
    outdir: OUTPUT,
    banner: { js: '/*! Licences: licenses.txt */' },
    sourcemap: 'linked',
    metafile: true,
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [path.slice(OUTPUT.length), contents]));
  /** Adds a file, with a digest in its name as esbuild's files have. */
  const add = (name: string, ending: string, contents: Buffer) => {
    const digest = createHash('sha256').update(contents).digest('hex').slice(0, 8).toUpperCase();
    files.set(`${name}-${digest}.${ending}`, contents);
    return `${name}-${digest}.${ending}`;
  };
  const iconName = add('icon', 'svg', readFileSync(pathOf('src/page/icon.svg')));
  const packages = bundledPackages(root.pathname, metafile);
  add('licenses', 'txt', Buffer.from(licencesOf(packages)));
  // For the bill of materials of the image.
  files.set('packages.json', Buffer.from(JSON.stringify(componentsOf(packages))));
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({ ...output, name: path.replace(/^.*\//, '') }));
  const named = (entry: string) => outputs.find(({ entryPoint }) => entryPoint === entry);
  const main = named('src/page/main.tsx');
  const imported = main?.imports.filter(({ kind }) => kind === 'import-statement') ?? [];
  const slots: Record<string, string> = {
    icon: `page/${iconName}`,
    style: `page/${named('src/page/style/page.css')?.name}`,
    main: `page/${main?.name}`,
    preloads: imported.map(({ path }) => `<link rel="modulepreload" href="page/${path.replace(/^.*\//, '')}">\n`).join(''),
  };
  const template = readFileSync(pathOf('src/page/index.html'), 'utf8');
  files.set('index.html', Buffer.from(template.replace(/\{\{(\w+)\}\}/g, (slot, name) => slots[name] ?? slot)));
  await replaceOutput(files);
}

/** Puts the files into the place of those of the last build, all at once: services and other builds may be running. */
async function replaceOutput(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  mkdirSync(pathOf('dist'), { recursive: true });
  const folder = mkdtempSync(pathOf('dist/page-'));
  for (const [name, contents] of files) await write(`${folder}/${name}`, contents);
  // It was made for this user only, and the service may run as another one, as in the image.
  chmodSync(folder, 0o755);
  rmSync(OUTPUT, { recursive: true, force: true });
  try {
    renameSync(folder, OUTPUT);
  } catch {
    // Another build was faster.
    rmSync(folder, { recursive: true });
  }
}

/** Writes a file, and beside it the same compressed as well as can be, since it is compressed only once. */
async function write(path: string, contents: Uint8Array): Promise<void> {
  const encoded = {
    '': contents,
    // Source maps are for developers only, the index is compressed when it is complete, and lists of packages are not served.
    ...(!/\.(map|html|json)$/.test(path) && {
      '.gzip': await promisify(gzip)(contents, { level: 9 }),
      '.br': await promisify(brotliCompress)(contents, { params: { [zlib.BROTLI_PARAM_SIZE_HINT]: contents.length } }),
      '.zstd': await promisify(zstdCompress)(contents, { params: { [zlib.ZSTD_c_compressionLevel]: 19 } }),
    }),
  };
  for (const [encoding, bytes] of Object.entries(encoded)) writeFileSync(`${path}${encoding}`, bytes);
}

if (import.meta.main) {
  try {
    await buildPage();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.log('The page is not built, since development dependencies are not installed (npm ci).');
  }
  if (process.argv.includes('--watch')) {
    let building = Promise.resolve();
    watch(pathOf('src/page'), { recursive: true }, () => {
      building = building.then(buildPage).catch((error) => console.log(error.message));
    });
  }
}
