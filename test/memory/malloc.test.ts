// The allocator of the C library.
import { existsSync, globSync } from 'node:fs';
import t from 'tap';
import { returnFreedMemory } from '../../src/memory/malloc.ts';

const hasGlibc = globSync('/lib/*-linux-gnu/libc.so.6').length > 0 || existsSync('/lib64/libc.so.6');

t.test('glibc takes the settings; another library is left alone', async (t) => {
  t.equal(returnFreedMemory(), hasGlibc);
  t.equal(returnFreedMemory('libno-such-library.so'), false);
});
