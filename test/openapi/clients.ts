// npm run clients: generates clients from /openapi.json without any options, compiles and runs them, and writes the table of
// docs/generated-clients.md. It downloads the generators and what the clients need.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { startService } from '../support/process.ts';
import { compilerOptions, difference, linesOfRequests } from './generated.ts';

const PYTHON = process.env.PYTHON ?? 'python3';
const DOCUMENT = join(import.meta.dirname, '../../docs/generated-clients.md');
const programs = join(import.meta.dirname, 'clients');
const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');

interface Client {
  readonly language: string;
  readonly generator: string;
  /** Commands that print the versions of the generator, and of the compiler or interpreter. */
  readonly versions: readonly [generator: string, language: string];
  /** What makes the client, in its folder, from ../openapi.json. */
  readonly generate: string;
  /** The files of `clients/` that the client needs, and where. */
  readonly files: Readonly<Record<string, string>>;
  readonly compile: string;
  /** Reads requests, one a line, or has them written by its types; prints the answers. The URL of the service is its last argument. */
  readonly run: string;
  /** Whether it has no type for an activation or loss that is a name. */
  readonly onlyObjects?: boolean;
}

const openapiGenerator = `${PYTHON} -c 'import sys, openapi_generator_cli as g; sys.exit(g.run(sys.argv[1:]).returncode)'`;
const oapiCodegen = 'go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
const maven = 'mvn -q -B -DskipTests compile dependency:build-classpath -Dmdep.outputFile=classpath';

/** A client made by OpenAPI Generator. */
function byOpenapiGenerator(
  name: string,
  language: string,
  version: string,
  rest: Pick<Client, 'files' | 'compile' | 'run' | 'onlyObjects'>,
  folder = '.',
): Client {
  return {
    ...{ language, generator: `OpenAPI Generator, \`${name}\``, versions: [`${openapiGenerator} version`, version] as const },
    ...{ generate: `${openapiGenerator} generate -i ../openapi.json -g ${name} -o ${folder}`, ...rest },
  };
}

const clients: Record<string, Client> = {
  java: byOpenapiGenerator('java', 'Java', 'java -version 2>&1', {
    files: { 'table/Main.java': 'src/main/java/org/openapitools/client/Main.java' },
    compile: maven,
    run: 'java -cp target/classes:$(cat classpath) org.openapitools.client.Main',
  }),
  kotlin: byOpenapiGenerator('kotlin', 'Kotlin', 'grep -o "<kotlin.version>.*<" pom.xml', {
    files: { 'table/main.kt': 'src/main/kotlin/main.kt', 'table/pom.xml': 'pom.xml' },
    compile: maven,
    run: 'java -cp target/classes:$(cat classpath) MainKt',
    onlyObjects: true,
  }),
  rust: byOpenapiGenerator('rust', 'Rust', 'rustc --version', {
    files: { 'table/main.rs': 'src/bin/program.rs' },
    compile: 'cargo add -q tokio --features rt,macros && cargo build -q',
    run: 'target/debug/program',
  }),
  go: byOpenapiGenerator('go', 'Go', 'go version', {
    files: { 'table/main.go': 'program/main.go' },
    compile: 'go mod tidy && go build -o run ./program',
    run: './run',
  }),
  php: byOpenapiGenerator('php', 'PHP', 'php --version', {
    files: { 'table/main.php': 'main.php' },
    compile: "find lib main.php -name '*.php' | xargs -n1 php -l",
    run: 'php main.php',
  }),
  csharp: byOpenapiGenerator('csharp', 'C#', 'dotnet --version', { files: {}, compile: 'dotnet build', run: 'false' }),
  python: byOpenapiGenerator('python', 'Python', `${PYTHON} --version`, {
    files: { 'table/main_generator.py': 'main.py' },
    compile: `${PYTHON} -m venv venv && venv/bin/pip install -q .`,
    run: 'venv/bin/python main.py',
  }),
  'typescript-fetch': byOpenapiGenerator(
    'typescript-fetch',
    'TypeScript',
    `${tsc} --version`,
    {
      files: { 'main.ts': 'main.ts' },
      compile: `${tsc} ${compilerOptions.join(' ')} main.ts`,
      run: `${process.execPath} out/main.js`,
    },
    'client',
  ),
  'oapi-codegen': {
    language: 'Go',
    generator: 'oapi-codegen',
    versions: [`${oapiCodegen} --version | tail -1`, 'go version'],
    generate: `mkdir openapi && ${oapiCodegen} -package openapi -o openapi/client.go ../openapi.json`,
    files: { 'table/oapi.go': 'main.go' },
    compile: 'go mod init client && go mod tidy && go build -o run .',
    run: './run',
  },
  'openapi-python-client': {
    language: 'Python',
    generator: 'openapi-python-client',
    versions: [`${PYTHON} -m openapi_python_client --version`, `${PYTHON} --version`],
    generate: `${PYTHON} -m openapi_python_client generate --path ../openapi.json --output-path made && cp -r made/* .`,
    files: { 'main.py': 'main.py' },
    compile: `${PYTHON} -m compileall -q gradient_service_client`,
    run: `${PYTHON} main.py`,
  },
};

/** Runs a command in a folder. Rejects with its output if it fails. */
async function run(command: string, cwd: string, input = ''): Promise<string> {
  // Go and Maven fetch what the clients need.
  const child = spawn('nice', ['sh', '-e', '-c', command], {
    cwd,
    env: { ...process.env, GOFLAGS: '-mod=mod', NODE_OPTIONS: '' },
  });
  child.stdin.on('error', () => {}).end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.on('close', resolve)),
  ]);
  if (code !== 0) throw new Error(`${command}\n${stdout}\n${stderr}`);
  return stdout;
}

/** The first number with dots in a text. */
function versionIn(printed: string): string {
  return /\d+(\.\d+)+/.exec(printed)?.[0] ?? printed.trim();
}

/** Makes, compiles and runs a client. Returns its row of the table. */
async function rowOf(name: string, client: Client, work: string, url: string): Promise<string> {
  const folder = join(work, name);
  mkdirSync(folder);
  const cells = [`${client.generator} ${versionIn(await run(client.versions[0], folder))}`, client.language];
  try {
    await run(client.generate, folder);
    cells.push('yes');
    for (const [file, place] of Object.entries(client.files)) cpSync(join(programs, file), join(folder, place));
    const version = await run(client.versions[1], folder).then(versionIn, () => undefined);
    if (version === undefined) return rowWith([...cells, 'no compiler here', '']);
    cells[1] += ` ${version}`;
    await run(client.compile, folder);
    cells.push('yes');
    const wrong = difference(await run(`${client.run} ${url}`, folder, linesOfRequests(client.onlyObjects)));
    if (wrong) throw new Error(wrong);
    return rowWith([...cells, client.onlyObjects ? 'yes; activations and losses as objects' : 'yes']);
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message.slice(-4000)}\n`);
    process.exitCode = 1;
    return rowWith([...cells, 'no', '', ''].slice(0, 5));
  }
}

function rowWith(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

const { positionals: names } = parseArgs({ allowPositionals: true });
const work = mkdtempSync(join(tmpdir(), 'clients-'));
const service = await startService({ keep: () => false });
try {
  const response = await fetch(new URL('/openapi.json', service.url));
  writeFileSync(join(work, 'openapi.json'), await response.text());
  const rows: string[] = [];
  for (const [name, client] of Object.entries(clients)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const row = await rowOf(name, client, work, service.url.origin);
    console.log(row);
    rows.push(row);
  }
  if (names.length === 0) {
    const document = readFileSync(DOCUMENT, 'utf8');
    writeFileSync(DOCUMENT, document.replace(/(?<=^\|---.*\n)(\|.*\n)+/m, `${rows.join('\n')}\n`));
  }
} finally {
  service.process.kill();
  rmSync(work, { recursive: true });
}
