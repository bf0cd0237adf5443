// npm run test:kernels: runs the numeric tests with every OpenBLAS kernel that this processor supports, for the service and for
// PyTorch. The kernels differ in the order of summation, and so in the last digits. Exits with 1 if a test fails.
import { readFileSync } from 'node:fs';
import { chooseEngine } from '../src/linalg/engines.ts';
import { runCommand } from './support/languages.ts';

const HASWELL = ['avx2', 'fma'];
const SKYLAKE = [...HASWELL, 'avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'];
const COOPERLAKE = [...SKYLAKE, 'avx512_bf16'];
const BULLDOZER = ['avx', 'fma4'];

/**
 * Values of OPENBLAS_CORETYPE on x86-64, with the flags of /proc/cpuinfo that each kernel requires. OpenBLAS does not check them:
 * a kernel that the processor does not support crashes the process.
 */
const kernels: Record<string, readonly string[]> = {
  Prescott: ['pni'],
  Core2: ['ssse3'],
  Atom: ['ssse3'],
  Nano: ['ssse3'],
  Penryn: ['sse4_1'],
  Dunnington: ['sse4_1'],
  Nehalem: ['sse4_2'],
  Opteron: ['3dnow'],
  Barcelona: ['sse4a'],
  Bobcat: ['sse4a', 'ssse3'],
  Bulldozer: BULLDOZER,
  Piledriver: BULLDOZER,
  Steamroller: BULLDOZER,
  Excavator: BULLDOZER,
  Sandybridge: ['avx'],
  Haswell: HASWELL,
  Zen: HASWELL,
  SkylakeX: SKYLAKE,
  Cooperlake: COOPERLAKE,
  Sapphirerapids: [...COOPERLAKE, 'amx_tile', 'amx_int8', 'amx_bf16'],
};

/** The tests whose numbers are computed by a BLAS or compared with one. */
const TESTS = [
  'test/backprop/central-differences.test.ts',
  'test/backprop/engines.test.ts',
  'test/backprop/shares.test.ts',
  'test/backprop/stability.test.ts',
  'test/linalg/dense.test.ts',
  'test/linalg/elementwise.test.ts',
  'test/linalg/engines.test.ts',
  'test/routes/gradients.test.ts',
  'test/page/as-code-pytorch.test.ts',
  'test/page/steps.test.ts',
  'test/clients/python.test.ts',
];

/** Prints the name of the kernel that a library uses. */
const SERVICE_CORE = `
import koffi from 'koffi';
console.log(koffi.load(process.argv[1]).func('const char *openblas_get_corename()')());
`;
const PYTORCH_CORE = `
import ctypes, torch
path = next(line.split()[-1] for line in open("/proc/self/maps") if "openblas" in line)
name = ctypes.CDLL(path).openblas_get_corename
name.restype = ctypes.c_char_p
print(name().decode())
`;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

type Environment = Record<string, string>;

/** The kernels that the service and PyTorch use; that of PyTorch only if it is installed and uses OpenBLAS. */
async function kernelsInUse(library: string, environment: Environment): Promise<{ service: string; pytorch: string }> {
  const options = { environment };
  const service = await runCommand([process.execPath, '--input-type=module', '-e', SERVICE_CORE, library], options);
  if (service.code !== 0) throw new Error(`${library} does not tell its kernel: ${service.stderr}`);
  const programs = [process.env.PYTHON ?? 'python3', '/usr/bin/python3'];
  const pytorch = await Promise.all(programs.map((python) => runCommand([python, '-c', PYTORCH_CORE], options)));
  return { service: service.stdout.trim(), pytorch: pytorch.find(({ code }) => code === 0)?.stdout.trim() ?? 'none' };
}

/** Runs every test, and prints the output of failing files. */
async function runTests(environment: Environment): Promise<Counts> {
  const all = { passed: 0, failed: 0, skipped: 0 };
  for (const file of TESTS) {
    const { code, stdout, stderr } = await runCommand([process.execPath, file], { environment });
    const count = (what: string) => Number(new RegExp(`^# \\{ total: .*\\b${what}: (\\d+)`, 'm').exec(stdout)?.[1] ?? 0);
    all.passed += count('pass');
    all.skipped += count('skip');
    // A file that fails without a failed assertion counts as one failure.
    const failed = count('fail');
    all.failed += failed === 0 && code !== 0 ? 1 : failed;
    if (code !== 0) console.log(`${file}\n${stdout.match(/^\s*not ok[\s\S]*?\.\.\.$/gm)?.join('\n') ?? ''}${stderr}`);
  }
  return all;
}

const columns = [16, 16, 16, 8, 8, 8];
const row = (...cells: unknown[]) => console.log(cells.map((cell, i) => `${cell}`.padEnd(columns[i])).join(''));

const { choice, refused } = chooseEngine('auto');
if (!choice.library || !/openblas/i.test(choice.library))
  throw new Error(`there is no OpenBLAS here: ${refused ?? choice.library}`);
// Missing on systems other than Linux; without "flags" on processors other than x86-64.
const cpuinfo = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1].trim().split(' '));
delete process.env.OPENBLAS_CORETYPE;

let failed = 0;
row('CORETYPE', 'service', 'PyTorch', 'passed', 'failed', 'skipped');
for (const name of [undefined, ...Object.keys(kernels)]) {
  const lacking = name && kernels[name].filter((flag) => !flags.has(flag));
  if (lacking && lacking.length > 0) {
    row(name, `not run: this processor lacks ${lacking.join(', ')}`);
    continue;
  }
  const environment = { ENGINE: 'openblas', BLAS_LIBRARY: choice.library, ...(name && { OPENBLAS_CORETYPE: name }) };
  const { service, pytorch } = await kernelsInUse(choice.library, environment);
  if (name && service !== name) {
    row(name, `not run: this OpenBLAS does not know it, and would take ${service}`);
    continue;
  }
  const counts = await runTests(environment);
  failed += counts.failed;
  row(name ?? '(unset)', service, pytorch, counts.passed, counts.failed, counts.skipped);
}
process.exitCode = failed > 0 ? 1 : 0;
