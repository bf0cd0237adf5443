// A reader of the log that is gone, or does not read, neither stops nor fills the service: lines are dropped and counted.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { freePorts, program } from '../support/process.ts';

/** Starts the service; the test has the other end of its log. */
async function start(t: Test): Promise<{ child: ChildProcess; get: (path: string) => Promise<string> }> {
  const [port] = await freePorts(1);
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: `${port}`, DRAIN_MS: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const get = async (path: string) => (await fetch(new URL(path, `http://127.0.0.1:${port}`))).text();
  for (;;) {
    const answer = await get('/livez').catch(() => undefined);
    if (answer !== undefined) return { child, get };
    await new Promise(setImmediate);
  }
}

const droppedIn = (metrics: string) => Number(/^log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]);

/** Sends requests, each of which has a line, until lines are dropped; returns how many requests that were. */
async function fillLog(get: (path: string) => Promise<string>): Promise<number> {
  // Lines of requests with long paths.
  const path = `/${'x'.repeat(190)}`;
  for (let sent = 0; ; sent += 200) {
    if (droppedIn(await get('/metrics')) > 0) return sent;
    await Promise.all(Array.from({ length: 200 }, () => get(path)));
  }
}

t.test('a reader that is gone, as in npm start | head -1', async (t) => {
  const { child, get } = await start(t);
  child.stdout?.destroy();
  t.ok((await fillLog(get)) > 0);
  t.equal(await get('/livez'), '{"status":"live"}');
  child.kill('SIGTERM');
  t.strictSame(await once(child, 'exit'), [0, null]);
  t.equal(await text(child.stderr as NonNullable<ChildProcess['stderr']>), '');
});

t.test('a reader that does not read, and is back later', async (t) => {
  const { child, get } = await start(t);
  const requests = await fillLog(get);
  const output = child.stdout as NonNullable<ChildProcess['stdout']>;
  let log = '';
  output.setEncoding('utf8').on('data', (piece) => {
    log += piece;
  });
  while (!log.includes('"dropped":')) await new Promise(setImmediate);
  child.kill('SIGTERM');
  await once(child, 'close');
  const lines = log
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  const completed = lines.filter(({ msg }) => msg === 'request completed').length;
  t.equal(completed + dropped, requests, 'each line was either written or counted');
  const told = lines.find((line) => line.dropped !== undefined);
  t.match(told, { level: 'warn', msg: `${told.dropped} lines of the log were dropped: its reader was too slow or gone` });
});
