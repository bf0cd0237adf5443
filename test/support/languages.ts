// The programming languages of the examples: whether they are installed, and how to run programs in them.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

type Command = readonly [program: string, ...args: string[]];

export interface Language {
  /** The Debian packages to install. */
  readonly packages: string;
  /** Succeeds if the language is installed with all libraries for the programs here; prints its version first. */
  readonly check: Command;
  /** The oldest supported version. */
  readonly atLeast?: readonly [major: number, minor: number];
  /** The commands that run a source file; `scratch` is an empty folder for their output. */
  readonly run: (file: string, scratch: string) => readonly Command[];
}

const python = process.env.PYTHON ?? 'python3';
/** Debian's path, unless CLASSPATH is set. */
const classPath = process.env.CLASSPATH ?? '/usr/share/java/gson.jar';

export const languages = {
  shell: {
    packages: 'curl jq',
    check: ['sh', '-c', 'curl --version && jq --version'],
    run: (file) => [['sh', file]],
  },
  python: {
    packages: 'python3',
    check: [python, '--version'],
    atLeast: [3, 8],
    run: (file) => [[python, file]],
  },
  numpy: {
    packages: 'python3, then pip install numpy safetensors',
    check: [python, '-c', 'import numpy, safetensors'],
    run: (file) => [[python, file]],
  },
  javascript: {
    packages: 'nodejs',
    check: [process.execPath, '--version'],
    run: (file) => [[process.execPath, file]],
  },
  go: {
    packages: 'golang-go',
    check: ['go', 'version'],
    atLeast: [1, 21],
    run: (file, scratch) => [['go', 'build', '-o', join(scratch, 'program'), file], [join(scratch, 'program')]],
  },
  java: {
    packages: 'openjdk-17-jdk-headless',
    check: ['javac', '--version'],
    atLeast: [17, 0],
    run: (file) => [['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', classPath, file]],
  },
  rust: {
    packages: 'cargo',
    check: ['cargo', '--version'],
    atLeast: [1, 85],
    run: (file, scratch) => [['rustc', '-o', join(scratch, 'program'), file], [join(scratch, 'program')]],
  },
  c: {
    packages: 'gcc libc6-dev libcurl4-openssl-dev libjansson-dev',
    check: ['sh', '-c', 'printf "#include <jansson.h>\\n#include <curl/curl.h>\\n" | cc -E -x c - > /dev/null'],
    run: (file, scratch) => [['cc', '-o', join(scratch, 'program'), file, '-lcurl', '-ljansson'], [join(scratch, 'program')]],
  },
  php: {
    packages: 'php-cli php-curl',
    check: ['php', '-r', 'echo PHP_VERSION; exit(extension_loaded("curl") ? 0 : 1);'],
    atLeast: [8, 1],
    run: (file) => [['php', file]],
  },
  ruby: {
    packages: 'ruby',
    check: ['ruby', '--version'],
    atLeast: [3, 0],
    run: (file) => [['ruby', file]],
  },
  r: {
    packages: 'r-base-core r-cran-jsonlite r-cran-httr2',
    check: ['Rscript', '-e', 'library(jsonlite); library(httr2)'],
    run: (file) => [['Rscript', file]],
  },
  octave: {
    packages: 'octave',
    check: ['octave-cli', '--version'],
    atLeast: [7, 0],
    run: (file) => [['octave-cli', '--quiet', '--no-history', file]],
  },
} satisfies Record<string, Language>;

export type LanguageName = keyof typeof languages;

export interface Options {
  readonly args?: readonly string[];
  readonly environment?: Record<string, string>;
  /** The working directory. */
  readonly folder?: string;
  /** In milliseconds, per command. */
  readonly timeout?: number;
}

export interface Outcome {
  /** Undefined if the program was not found, or ended by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT = 120_000;

/** Speeds up the first run: Go compiles its standard library without optimizations; Cargo does not access the network. */
const hasty = { GOFLAGS: "'-gcflags=all=-N -l'", CARGO_NET_OFFLINE: 'true' };

/** Runs a command to its end. On timeout, kills it with all its child processes. */
export function runCommand([program, ...args]: Command, options: Options = {}): Promise<Outcome> {
  const { environment, folder, timeout = TIMEOUT } = options;
  return new Promise((resolve) => {
    const child = spawn(program, [...args, ...(options.args ?? [])], {
      cwd: folder,
      env: { ...hasty, ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    const timer = setTimeout(() => {
      stderr += `\nended after ${timeout} ms\n`;
      process.kill(-Number(child.pid), 'SIGKILL');
    }, timeout);
    child.on('error', (error) => {
      stderr += error.message;
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code === null || code < 0 ? undefined : code, stdout, stderr });
    });
  });
}

/**
 * The first Python that runs `program`, and its output; undefined if none does. Debian's packages, such as PyTorch, are only for
 * Debian's own Python.
 */
export async function findPython(program: string): Promise<{ readonly python: string; readonly stdout: string } | undefined> {
  for (const python of [process.env.PYTHON ?? 'python3', '/usr/bin/python3']) {
    const { code, stdout } = await runCommand([python, '-c', program]);
    if (code === 0) return { python, stdout };
  }
  return undefined;
}

/** Runs a source file, by default in its folder. Returns the outcome of the program, or of the compiler if that failed. */
export async function runSource(name: LanguageName, file: string, options: Options = {}): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), 'language-'));
  try {
    const commands = languages[name].run(file, scratch);
    const at: Options = { folder: dirname(file), ...options };
    for (const command of commands.slice(0, -1)) {
      const outcome = await runCommand(command, { ...at, args: [] });
      if (outcome.code !== 0) return outcome;
    }
    return await runCommand(commands[commands.length - 1], at);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** For the option `skip` of a test: false if the language is installed, otherwise what to install. */
export async function missing(name: LanguageName): Promise<string | false> {
  const { check, packages, atLeast = [0, 0] }: Language = languages[name];
  const { code, stdout } = await runCommand(check);
  const [, major, minor = 0] = (/(\d+)(?:\.(\d+))?/.exec(stdout) ?? []).map(Number);
  const isOld = major < atLeast[0] || (major === atLeast[0] && minor < atLeast[1]);
  if (code === 0 && !isOld) return false;
  const what = code === 0 ? `${name} is older than ${atLeast.join('.')}` : `there is no ${name}`;
  return `${what} here: apt-get install ${packages}`;
}
