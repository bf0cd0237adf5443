// What the bits of a result depend on beside the request: the engine, the kind of processor, and the version of the numerics.
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import koffi from 'koffi';
import type { EngineChoice } from './engines.ts';

/** To be raised by every change after which any result has other bits: test/jobs/queue/fingerprint.test.ts notices. */
export const NUMERICS = 1;

/** A short name for all that the bits depend on: results with different ones must not be mixed. */
export function fingerprintOf({ name, library }: EngineChoice): string {
  const { v8 } = process.versions;
  // Compilers may fuse multiplications with additions on one architecture and not on another.
  const facts = [NUMERICS, name, v8, process.arch, ...(library ? [kernelsOf(library)] : [])];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, CHARACTERS);
}

const CHARACTERS = 16;

/** Which kernels a BLAS uses here: OpenBLAS says its version and core, others choose by the processor. */
export function kernelsOf(library: string): string {
  try {
    const loaded = koffi.load(library);
    const [config, core] = ['openblas_get_config', 'openblas_get_corename'].map((name) => loaded.func(name, 'str', [])());
    return `${config} ${core}`;
  } catch {
    return `${library} ${cpus()[0]?.model}`;
  }
}
