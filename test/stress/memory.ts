// npm run memory: clients that hold as much memory as they can. The peak of the service must stay within MEMORY_BUDGET + 512 MiB, and
// a minute after they have gone the service must be back to within 256 MiB of what it had before. `--only NAME` runs one case.
import { setTimeout as wait } from 'node:timers/promises';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { Config } from '../../schemas/config.ts';
import { examples } from '../../schemas/examples.ts';
import { peakMemory, residentMemory, type Service, startService } from '../support/process.ts';
import { type Demand, option, report } from './report.ts';
import { type Begun, stall } from './stalling.ts';

const MiB = 2 ** 20;
const BUDGET_MIB = Config.properties.MEMORY_BUDGET.default / MiB;
const MOST_OVER_MIB = 512;
const MOST_LEFT_MIB = 256;

/** How long the clients stay, longer than a body keeps its place, and how long the service has to recover, in seconds. */
const STAY = 8;
const RECOVERY = option('recovery', 60);

const POST = 'POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

/** 60 MB of spaces, without the last byte. */
const SPACES = Buffer.alloc(10 * MiB, ' ');

/** Digits that fill the windows of decompressors: a compressed body that does not end. */
function compressed(encoding: 'gzip' | 'br' | 'zstd', bytes: number): Begun {
  const digits = Buffer.from(Uint32Array.from({ length: bytes }, (_, i) => 48 + ((Math.imul(i, 2_654_435_761) >>> 13) % 10)));
  const body = {
    gzip: () => gzipSync(digits, { level: 1 }),
    br: () => brotliCompressSync(digits, { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: () =>
      zstdCompressSync(digits, { params: { [constants.ZSTD_c_windowLog]: 23, [constants.ZSTD_c_compressionLevel]: 1 } }),
  }[encoding]();
  const head = `${POST}Content-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { head, body: body.subarray(0, -8), times: 1 };
}

const chunk = Buffer.concat([Buffer.from(`${SPACES.length.toString(16)}\r\n`), SPACES, Buffer.from('\r\n')]);

/** A request of 4 KB with an answer of 1 MB. */
const LARGE_ANSWER = JSON.stringify({
  network: { layers: [{ weights: Array(60).fill([0.1]) }] },
  batch: { inputs: Array(250).fill([0.1]), targets: Array(250).fill(0) },
  loss: 'cross_entropy',
  include: ['per_sample_gradients'],
});

interface Case {
  readonly clients: number;
  readonly request: () => Begun;
}

const cases: Record<string, Case> = {
  announced: {
    clients: 200,
    request: () => ({ head: `${POST}Content-Length: ${6 * SPACES.length + 1}\r\n\r\n`, body: SPACES, times: 6 }),
  },
  chunked: { clients: 200, request: () => ({ head: `${POST}Transfer-Encoding: chunked\r\n\r\n`, body: chunk, times: 6 }) },
  gzip: { clients: 200, request: () => compressed('gzip', 60_000_000) },
  br: { clients: 200, request: () => compressed('br', 60_000_000) },
  zstd: { clients: 200, request: () => compressed('zstd', 60_000_000) },
  'small-gzip': { clients: 4000, request: () => compressed('gzip', 60_000) },
  'small-br': { clients: 4000, request: () => compressed('br', 60_000) },
  small: {
    clients: 4000,
    request: () => ({ head: `${POST}Content-Length: 60001\r\n\r\n`, body: SPACES.subarray(0, 60_000), times: 1 }),
  },
  headers: {
    clients: 4000,
    request: () => ({ head: `${POST}X-A: `, body: Buffer.alloc(15_000, 'x'), times: 1 }),
  },
  'unread-answers': {
    clients: 400,
    request: () => ({ head: `${POST}Content-Length: ${LARGE_ANSWER.length}\r\n\r\n`, body: Buffer.from(LARGE_ANSWER), times: 1 }),
  },
  'unread-pages': {
    clients: 2000,
    request: () => ({
      head: '',
      body: Buffer.from('GET /openapi.json HTTP/1.1\r\nHost: a\r\nAccept-Encoding: zstd\r\n\r\n'),
      times: 50,
    }),
  },
};

const resident = ({ process: { pid } }: Service) => (residentMemory(pid as number) ?? 0) / MiB;

async function warmUp({ url }: Service): Promise<void> {
  const body = JSON.stringify(examples.article.request);
  for (let i = 0; i < 100; i++)
    await (
      await fetch(new URL('/gradients', url), { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    ).text();
}

interface Measured {
  readonly start: number;
  readonly peak: number;
  readonly later: number;
  readonly statuses: string;
}

async function measure({ clients, request }: Case): Promise<Measured> {
  const service = await startService({ keep: () => false });
  try {
    await warmUp(service);
    const start = resident(service);
    const { sockets, statuses } = await stall(service.port, clients, request());
    await wait(STAY * 1000);
    const peak = (peakMemory(service.process.pid as number) ?? 0) / MiB;
    for (const socket of sockets) socket.destroy();
    await wait(RECOVERY * 1000);
    const counted = [...statuses].map(([status, n]) => `${n} times ${status}`).join(', ');
    return { start, peak, later: resident(service), statuses: counted || 'no answers' };
  } finally {
    service.process.kill('SIGKILL');
  }
}

const at = process.argv.indexOf('--only');
const chosen = Object.entries(cases).filter(([name]) => at < 0 || name === process.argv[at + 1]);
const measured: [string, string][] = [];
const demands: Demand[] = [];
for (const [name, tried] of chosen) {
  const { start, peak, later, statuses } = await measure(tried);
  const mib = (n: number) => `${n.toFixed(0)} MiB`;
  const line = `${mib(start)} before, ${mib(peak)} at most, ${mib(later)} after ${RECOVERY} s; ${statuses}`;
  console.log(`${name}: ${line}`);
  measured.push([name, line]);
  demands.push(
    { demand: `${name}: at most ${BUDGET_MIB + MOST_OVER_MIB} MiB`, saw: mib(peak), met: peak <= BUDGET_MIB + MOST_OVER_MIB },
    {
      demand: `${name}: afterwards at most ${MOST_LEFT_MIB} MiB more`,
      saw: mib(later - start),
      met: later - start <= MOST_LEFT_MIB,
    },
  );
}
report({ measured, demands });
process.exit();
