// From measurements to tables, and to the page that keeps them.
import { answerPhases } from '../src/operations/report.ts';
import type { Series } from './growth.ts';
import type { Memory } from './memory.ts';
import type { Phases } from './phases.ts';
import { contenders } from './servers.ts';
import { median, short } from './statistics.ts';
import { type Cell, concurrencies, type Pace, type Sweep } from './sweep.ts';
import { limitTarget, memoryTarget, ratioTargets, waitTarget } from './targets.ts';
import type { UnderLoad, Waits } from './under-load.ts';
import { type WorkloadName, workloads } from './workloads.ts';

export interface Results {
  readonly machine: readonly [name: string, value: string][];
  readonly pace: Pace;
  readonly sweep: Sweep;
  readonly phases: readonly Phases[];
  readonly underLoad?: UnderLoad;
  readonly memory?: Memory;
  readonly growth?: readonly Series[];
}

type Row = readonly string[];

const MiB = 2 ** 20;

/** A table in Markdown, its columns as wide as their longest cell. */
function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((title, i) => Math.max(...[title, ...rows.map((row) => row[i] ?? '')].map((cell) => cell.length)));
  const line = (row: Row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

const verdict = (met: boolean): string => (met ? 'met' : '**not met**');

const capitalised = (text: string): string => text[0]?.toUpperCase() + text.slice(1);

/** The median of numbers and their range. */
function spread(numbers: readonly number[], unit: string): string {
  return `${short(median(numbers))}${unit} (${short(Math.min(...numbers))}–${short(Math.max(...numbers))})`;
}

/** The throughput of the service over that of a peer, by round. */
function ratiosOf(cells: readonly Cell[], peer: Cell): number[] {
  const service = cells.find(
    (cell) =>
      cell.contender === 'service' &&
      cell.workload === peer.workload &&
      cell.format === peer.format &&
      cell.clients === peer.clients,
  );
  return peer.samples.map(({ perSecond }, round) => (service?.samples[round]?.perSecond ?? Number.NaN) / perSecond);
}

/** How many times a peer's throughput the service has, beside what it is to have. */
function ratioTable(cells: readonly Cell[]): string {
  const peers = cells.filter(({ contender, clients }) => contender !== 'service' && clients === concurrencies[0]);
  const rows = peers.map((peer) => {
    const { workload, format, contender } = peer;
    const target = ratioTargets.find((item) => item.workload === workload && item.format === format && item.peer === contender);
    const byClients = concurrencies.map((clients) => {
      const other = cells.find(
        (cell) =>
          cell.workload === workload && cell.format === format && cell.contender === contender && cell.clients === clients,
      );
      return ratiosOf(cells, other ?? peer);
    });
    const met = target && byClients.every((ratios) => median(ratios) >= target.factor);
    return [
      workload,
      format,
      contenders[contender].label,
      ...byClients.map((ratios) => spread(ratios, '×')),
      target ? `≥ ${target.factor}×` : '',
      met === undefined ? '' : verdict(met),
    ];
  });
  const clients = concurrencies.map((count) => `${count} client${count > 1 ? 's' : ''}`);
  return table(['workload', 'format', 'service over', ...clients, 'target', ''], rows);
}

/** What was measured, of all contenders. */
function absoluteTable(cells: readonly Cell[]): string {
  const rows = cells.map(({ workload, format, contender, clients, setup, samples }) => [
    workload,
    format,
    contenders[contender].label + (contenders[contender].setups.length > 1 ? `, ${setup}` : ''),
    `${clients}`,
    spread(
      samples.map(({ perSecond }) => perSecond),
      '',
    ),
    short(median(samples.map((sample) => sample.median))),
    short(median(samples.map(({ p99 }) => p99))),
  ]);
  return table(['workload', 'format', 'server', 'clients', 'requests/s', 'median, ms', 'p99, ms'], rows);
}

/** The time of a whole answer with one client, against the matrix products in it. */
function limitTable({ cells, limits }: Sweep): string {
  const service = cells.filter(({ contender, clients }) => contender === 'service' && clients === limitTarget.clients);
  const rows = service.flatMap(({ workload, format, samples }) => {
    const limit = limits[workload];
    if (!limit) return [];
    const ratios = samples.map((sample, round) => sample.median / (limit[round] ?? Number.NaN));
    const isTarget = workload === limitTarget.workload && format === limitTarget.format;
    const answer = median(samples.map((sample) => sample.median));
    return [
      [
        workload,
        format,
        short(answer),
        short(median(limit)),
        spread(ratios, '×'),
        isTarget ? `≤ ${limitTarget.factor}×` : '',
        isTarget ? verdict(median(ratios) <= limitTarget.factor) : '',
      ],
    ];
  });
  return table(['workload', 'format', 'answer, ms', 'products, ms', 'answer over products', 'target', ''], rows);
}

/** The phases of a request in one thread, and what a whole answer takes beyond them. */
function phaseTable(phases: readonly Phases[], { cells, limits }: Sweep): string {
  const rows = phases.map((item) => {
    const cell = cells.find(
      ({ contender, clients, workload, format }) =>
        contender === 'service' && clients === concurrencies[0] && workload === item.workload && format === item.format,
    );
    const whole = median((cell?.samples ?? []).map((sample) => sample.median));
    const inThread = answerPhases.reduce((sum, name) => sum + item[name], 0);
    return [
      item.workload,
      item.format,
      ...answerPhases.map((name) => short(item[name])),
      short(median(limits[item.workload] ?? [])),
      short(whole),
      short(Math.max(0, whole - inThread)),
    ];
  });
  return table(
    [
      'workload',
      'format',
      ...answerPhases.map((name) => `${name}, ms`),
      'of it products, ms',
      'whole answer, ms',
      'HTTP and threads, ms',
    ],
    rows,
  );
}

/** How much longer small requests take while large ones are computed. */
function underLoadTable({ article, livez }: UnderLoad): string {
  const row = (name: string, { idle, busy }: { idle: Waits; busy: Waits }) => [
    name,
    short(idle.median),
    short(idle.p99),
    short(busy.median),
    short(busy.p99),
    `${short(busy.p99 - idle.p99)} ms`,
    `< ${waitTarget} ms`,
    verdict(busy.p99 - idle.p99 < waitTarget),
  ];
  const head = ['request', 'idle median, ms', 'idle p99, ms', 'busy median, ms', 'busy p99, ms', 'p99 more', 'target', ''];
  return table(head, [row('article', article), row('/livez', livez)]);
}

/** The most memory the service took. */
function memoryTable({ peak, start, body, requests }: Memory): string {
  const row = [
    `${requests}`,
    (body / MiB).toFixed(1),
    (start / MiB).toFixed(0),
    (peak / MiB).toFixed(0),
    `${short(peak / body)}×`,
    `< ${memoryTarget}×`,
    verdict(peak / body < memoryTarget),
  ];
  return table(['requests', 'body, MiB', 'process at its start, MiB', 'peak, MiB', 'peak over body', 'target', ''], [row]);
}

function growthTable({ unit, points }: Series): string {
  const rows = points.map(({ size, time, multiplyAdds }) => [
    `${size}`,
    short(time),
    short(multiplyAdds / 1e6),
    short((time * 1e9) / multiplyAdds),
  ]);
  return table([unit, 'ms', 'million multiply-adds', 'ps per multiply-add'], rows);
}

function describeWorkloads(names: readonly WorkloadName[]): string {
  const rows = names.map((name) => {
    const { widths, samples, hidden, loss } = workloads[name];
    const layers = widths.length > 10 ? `${widths.length - 1} layers of ${widths[0]}` : widths.join('-');
    return [name, layers, hidden, loss, `${samples}`];
  });
  return table(['workload', 'network', 'hidden layers', 'loss', 'samples'], rows);
}

/** The whole page, in Markdown. */
export function page({ machine, pace, sweep, phases, underLoad, memory, growth }: Results): string {
  const names = [...new Set(sweep.cells.map(({ workload }) => workload))];
  const sections = [
    '# What the service was measured against',
    'Written by `npm run bench`. Every server ran on loopback on one machine, which also ran the clients. The answers of all ' +
      'agreed: the loss, and every gradient within 1e-9 of the largest number of its array.',
    table(['', ''], machine),
    '## Throughput, as a multiple of each peer’s',
    `The median over ${pace.rounds} round${pace.rounds > 1 ? 's' : ''} and, in parentheses, the range. In a round, every server is started ` +
      'afresh, one after the other, for each workload.',
    ratioTable(sweep.cells),
    describeWorkloads(names),
    PEERS,
    '## Against the limit',
    'The limit is nothing but the matrix products of a request, back to back in OpenBLAS on all cores. The answer is the median ' +
      'latency of one client.',
    limitTable(sweep),
    '## Where the time goes',
    'The phases of a request in one thread, called one after the other without HTTP, the products on all cores; and what the whole ' +
      'answer to one client takes beyond them.',
    phaseTable(phases, sweep),
    ...(underLoad ? underLoadSection(underLoad) : []),
    ...(memory ? ['## Memory', 'The service alone, with wide requests in JSON one after the other.', memoryTable(memory)] : []),
    ...(growth ? growthSection(growth) : []),
    '## All numbers',
    'The median over the rounds of each; of the throughput also the range.',
    absoluteTable(sweep.cells),
  ];
  return `${sections.join('\n\n')}\n`;
}

const PEERS = `- **FastAPI** takes its body as a declared pydantic model, as its documentation teaches, and answers with orjson; **FastAPI, tuned** has
  pydantic read the bytes of the body instead. Both run in uvicorn with uvloop and httptools and compute with PyTorch's autograd.
- **Starlette** does the same in binary, with the \`safetensors\` package.
- **plain Fastify** is a route in one process that computes with ml-matrix.
- **an empty Fastify route** is no peer but a bound: it reads the body, does nothing with it, and sends as many bytes as the service.
- A server in Python was measured both as one process with as many threads as there are cores, and as that many processes (uvicorn's
  \`--workers\`) with one thread each. For each workload and number of clients the better of the two counts, which the table at the
  end names.`;

function underLoadSection(underLoad: UnderLoad): string[] {
  return [
    '## Small requests beside large ones',
    `One client each sends the article and \`GET /livez\`, a request every few milliseconds: first with nothing else to do, then while ` +
      `${underLoad.clients} clients send wide requests in JSON without pause.`,
    underLoadTable(underLoad),
  ];
}

function growthSection(growth: readonly Series[]): string[] {
  return [
    '## How the time grows',
    'The median time of a request in binary with one client.',
    '![time against layers, width and samples](growth.svg)',
    ...growth.flatMap((series) => [`### ${capitalised(series.title)}`, growthTable(series)]),
  ];
}
