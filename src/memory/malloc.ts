// Settings of the allocator of the C library.
import koffi from 'koffi';

/** Parameters of mallopt, from malloc.h of glibc. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;

/** Blocks from this size on are mapped, and returned to the system when they are freed. */
const MAPPED_BYTES = 2 ** 20;

/** Free memory at the end of the heap is returned to the system from this size on. */
const TRIMMED_BYTES = 2 ** 17;

/**
 * Has glibc return freed memory to the system. By default it maps only ever larger blocks, up to 32 MiB, and leaves holes in its heap
 * when smaller ones are freed: hundreds of MiB after a burst of large bodies. Returns false if the C library is another one.
 */
export function returnFreedMemory(library = 'libc.so.6'): boolean {
  try {
    const mallopt = koffi.load(library).func('int mallopt(int, int)');
    return mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES) === 1 && mallopt(M_TRIM_THRESHOLD, TRIMMED_BYTES) === 1;
  } catch {
    return false;
  }
}
