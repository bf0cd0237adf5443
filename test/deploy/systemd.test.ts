// The systemd unit: its times, and its validity.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { Config } from '../../schemas/config.ts';
import { readConfig } from '../../src/config.ts';
import { defaultOf, missing, read } from './files.ts';

const unit = read('deploy/systemd/gradients.service');

t.test('it has time to finish its requests, and its settings are right', async (t) => {
  // The process ends itself at most five seconds after SHUTDOWN_MS.
  t.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1000 > defaultOf(Config.properties, 'SHUTDOWN_MS') + 5000);
  const settings = Object.fromEntries([...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  t.match(readConfig(settings), settings);
  t.match(settings, { STORE: '/var/lib/gradients' });
  t.match(unit, /^StateDirectory=gradients$/m);
});

t.test('systemd has nothing against it', { skip: await missing('systemd-analyze', '--version') }, async (t) => {
  const file = `${t.testdir()}/gradients.service`;
  // The program is not installed here.
  writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const child = spawn('systemd-analyze', ['verify', '--man=no', file]);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  t.equal(said, '');
  t.equal(code, 0);
});
