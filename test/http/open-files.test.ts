// The limit of open files, and what it leaves for connections.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { openableConnections } from '../../src/http/open-files.ts';
import { program } from '../support/process.ts';

t.test('what a limit leaves for connections', async (t) => {
  t.equal(openableConnections(2, 1024), 960);
  t.equal(openableConnections(2, 65), 1);
  t.equal(openableConnections(2, Infinity), Infinity);
  t.throws(() => openableConnections(2, 64), {
    message: 'ulimit -n: expected more than 64 open files, better some thousands, got 64',
  });
  t.ok(openableConnections(2) > 0, 'the limit of this process');
});

// Below 22 open files Node itself ends before it runs any code, with a segmentation fault.
t.test('too few open files are reported in one clear line', { skip: process.platform === 'win32' && 'no ulimit' }, async (t) => {
  for (const limit of [24, 32]) {
    const { stderr, status } = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$1"`, process.execPath, program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', _TAPJS_PROCESSINFO_COVERAGE_: '0' },
    });
    t.match(stderr, new RegExp(`^ulimit -n: expected more than \\d+ open files, better some thousands, got ${limit}\n$`));
    t.equal(status, 1);
  }
});
