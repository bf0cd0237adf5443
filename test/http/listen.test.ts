// The service on a UNIX socket.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { readConfig } from '../../src/config.ts';
import { listen } from '../../src/http/listen.ts';
import { startOwnApp } from '../support/app.ts';

// The path of a socket has at most about 100 characters: t.testdir() would be too long in some folders.
const folder = mkdtempSync(join(tmpdir(), 'socket-'));
t.teardown(() => rmSync(folder, { recursive: true }));

t.test('requests over a UNIX socket; its file is removed at the end', async (t) => {
  const SOCKET = join(folder, 'a');
  const config = readConfig({ SOCKET });
  const app = await startOwnApp(t, { SOCKET });
  await listen(app, config);
  const body = await new Promise<string>((resolve, reject) => {
    request({ socketPath: SOCKET, path: '/livez' }, (response) => resolve(text(response)))
      .on('error', reject)
      .end();
  });
  t.strictSame(JSON.parse(body), { status: 'live' });
  t.equal(statSync(SOCKET).mode & 0o777, 0o666, 'who may enter the folder may connect');
  const second = await startOwnApp(t, { SOCKET });
  const taken = `SOCKET: expected a path where a file can be made and none is, got ${SOCKET} (listen EADDRINUSE`;
  await t.rejects(listen(second, config), { message: taken });
  await app.close();
  t.notOk(existsSync(SOCKET));
});
