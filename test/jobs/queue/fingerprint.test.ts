// What the bits of results depend on: a change of them needs another version of the numerics.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { chooseEngine } from '../../../src/linalg/engines.ts';
import { fingerprintOf, kernelsOf, NUMERICS } from '../../../src/linalg/fingerprint.ts';
import { post, startOwnApp } from '../../support/app.ts';

const vectors = new URL('../../vectors/', import.meta.url);

/** The digest of the answers to all vectors, by the engine portable, for the version 1 of the numerics, on the architecture x64. */
const DIGEST = '46efd42dd9f0f2336e655365fe42e78e1f9fb1815c607497549af8b7f4205f40';

const other = process.arch !== 'x64' && 'the digest is that of x64';
t.test('the bits of the engine portable are those of this version of the numerics', { skip: other }, async (t) => {
  const app = await startOwnApp(t, { ENGINE: 'portable' });
  const hash = createHash('sha256');
  for (const file of readdirSync(vectors).filter((name) => name.endsWith('.json')))
    for (const { request } of JSON.parse(readFileSync(new URL(file, vectors), 'utf8')))
      hash.update((await post(app, request)).body);
  t.strictSame(
    [NUMERICS, hash.digest('hex')],
    [1, DIGEST],
    'if results have changed on purpose: raise NUMERICS, and write both here',
  );
});

t.test('a fingerprint names the engine and, for a BLAS, its version and kernels', async (t) => {
  const portable = fingerprintOf({ name: 'portable' });
  t.match(portable, /^[0-9a-f]{16}$/);
  t.equal(fingerprintOf({ name: 'portable' }), portable);
  t.not(fingerprintOf({ name: 'ml-matrix' }), portable);
  t.match(kernelsOf('no such library'), /^no such library ./);
});

const { choice } = chooseEngine('auto');
t.test('OpenBLAS says its version and core', { skip: choice.name !== 'openblas' && 'there is no BLAS here' }, async (t) => {
  t.match(kernelsOf(`${choice.library}`), /^OpenBLAS \d.* \w+$|^\S+ ./);
});
