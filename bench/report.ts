// Turns measurements into tables, and into the page bench/RESULTS.md.
import { answerPhases } from '../src/operations/report.ts';
import { median, short } from '../test/support/statistics.ts';
import { spread, table, verdict } from '../test/support/table.ts';
import { type WorkloadName, workloads } from '../test/support/workloads.ts';
import { contenders } from './contenders.ts';
import type { Series } from './growth.ts';
import type { Memory } from './memory.ts';
import type { Phases } from './phases.ts';
import { cellOf, ratioTable, sameCase, targetTable } from './ratios.ts';
import { type Cell, CLEAR, type Pace, type Sweep } from './sweep.ts';
import { limitTargets, memoryTargets, waitTarget } from './targets.ts';
import type { UnderLoad, Waits } from './under-load.ts';

export interface Results {
  readonly machine: readonly [name: string, value: string][];
  readonly pace: Pace;
  readonly sweep: Sweep;
  readonly phases: readonly Phases[];
  readonly underLoad?: UnderLoad;
  readonly memory?: readonly Memory[];
  readonly growth?: readonly Series[];
}

const MiB = 2 ** 20;

const capitalised = (text: string): string => text[0]?.toUpperCase() + text.slice(1);

/** All measurements of all contenders. */
function absoluteTable(cells: readonly Cell[]): string {
  const rows = cells.map(({ workload, format, contender, clients, setup, samples }) => [
    workload,
    format,
    contenders[contender].label + (contenders[contender].setups.length > 1 ? `, ${setup}` : ''),
    `${clients}`,
    spread(samples.map(({ perSecond }) => perSecond)),
    short(median(samples.map((sample) => sample.median))),
    short(median(samples.map(({ p99 }) => p99))),
    short(median(samples.map(({ mainThreadCpu }) => mainThreadCpu))),
    short(median(samples.map(({ cpu }) => cpu))),
  ]);
  return table(
    ['workload', 'format', 'server', 'clients', 'requests/s', 'median, ms', 'p99, ms', 'main-thread CPU, µs', 'CPU, µs'],
    rows,
  );
}

/** The time of a whole answer with one client, compared with that of its matrix products. */
function limitTable({ cells, limits }: Sweep): string {
  const service = cells.filter(({ contender, clients }) => contender === 'service' && clients === 1);
  const rows = service.map(({ workload, format, samples }) => {
    const limit = limits.find((item) => sameCase(item, { workload, format }))?.rounds ?? [];
    const empty = cellOf(cells, { workload, format }, 'empty', 1)?.samples.map((sample) => sample.median) ?? [];
    const ratios = samples.map((sample, round) => sample.median / (limit[round] ?? Number.NaN));
    const rest = samples.map((sample, round) => sample.median - (limit[round] ?? Number.NaN) - (empty[round] ?? Number.NaN));
    const target = limitTargets.find((item) => sameCase(item, { workload, format }));
    const [wanted, isMet] = !target
      ? ['', '']
      : 'factor' in target
        ? [`≤ ${target.factor}×`, verdict(median(ratios) <= target.factor)]
        : [`≤ ${target.more} ms more`, verdict(median(rest) <= target.more)];
    return [
      workload,
      format,
      short(median(samples.map((sample) => sample.median))),
      short(median(limit)),
      short(median(empty)),
      spread(ratios, '×'),
      spread(rest),
      wanted,
      isMet,
    ];
  });
  return table(
    [
      'workload',
      'format',
      'answer, ms',
      'products, ms',
      'empty route, ms',
      'answer over products',
      'more than both, ms',
      'target',
      '',
    ],
    rows,
  );
}

/** The phases of a request in one thread, and the rest of the time of an answer. */
function phaseTable(phases: readonly Phases[], { cells, limits }: Sweep): string {
  const rows = phases.map((item) => {
    const cell = cellOf(cells, item, 'service', 1);
    const whole = median((cell?.samples ?? []).map((sample) => sample.median));
    const inThread = answerPhases.reduce((sum, name) => sum + item[name], 0);
    return [
      item.workload,
      item.format,
      ...answerPhases.map((name) => short(item[name])),
      short(median(limits.find((limit) => sameCase(limit, item))?.rounds ?? [])),
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

/** Latencies of small requests, with and without large requests at the same time. */
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

/** The peak memory of the service. */
function memoryTable(memory: readonly Memory[]): string {
  const rows = memory.map(({ name, peak, start, body, requests }) => {
    const { factor, more } = memoryTargets[name];
    return [
      name,
      `${requests}`,
      (body / MiB).toFixed(1),
      (start / MiB).toFixed(0),
      (peak / MiB).toFixed(0),
      `${short((peak - start) / body)}×`,
      `${factor}×${more > 0 ? ` + ${more / MiB} MiB` : ''}`,
      verdict(peak - start <= factor * body + more),
    ];
  });
  return table(
    [
      'request',
      'requests',
      'body, MiB',
      'process at its start, MiB',
      'peak, MiB',
      'more than at the start, over body',
      'target',
      '',
    ],
    rows,
  );
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

/** The page in Markdown. */
export function page({ machine, pace, sweep, phases, underLoad, memory, growth }: Results): string {
  const sections = [
    '# Benchmark results',
    'Written by `npm run bench`. All servers and clients ran on one machine, over loopback. All servers gave the same answers: the ' +
      'loss and every gradient within 1e-9 of the largest number of its array.',
    table(['', ''], machine),
    ...(sweep.cells.length > 0 ? sweepSections(pace, sweep, phases) : []),
    ...(underLoad ? underLoadSection(underLoad) : []),
    ...(memory ? ['## Memory', 'The service alone, with requests of one kind, one after the other.', memoryTable(memory)] : []),
    ...(growth ? growthSection(growth) : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

function sweepSections(pace: Pace, sweep: Sweep, phases: readonly Phases[]): string[] {
  return [
    '## Targets',
    `Median over the rounds and, in parentheses, the range. ${method(pace)}`,
    targetTable(sweep.cells),
    '## The service as a multiple of each peer',
    'Higher is better for throughput, lower for CPU time per request.',
    ratioTable(sweep.cells),
    describeWorkloads([...new Set(sweep.cells.map(({ workload }) => workload))]),
    PEERS,
    '## All numbers',
    'Medians over the rounds; for throughput also the range.',
    absoluteTable(sweep.cells),
    '## Compared with the bare matrix products',
    'The matrix products of a request alone, back to back in OpenBLAS on all cores; a route that reads as many bytes and sends as many; and ' +
      'the median latency of one client.',
    limitTable(sweep),
    '## Where the time goes',
    'The phases of a request, run one after the other in one thread without HTTP; and the latency of one client, whose computation other ' +
      'threads share.',
    phaseTable(phases, sweep),
  ];
}

/** The method of measurement. */
function method({ warmUp }: Pace): string {
  return (
    `For each workload every server is started once and warmed up for ${warmUp} s with 8 clients. Then all are measured in turn, round ` +
    'by round. A ratio compares two measurements of the same round. CPU time is read from `/proc/PID/task/*/schedstat` right before ' +
    'and after a measurement, and divided by the number of its requests. For Python servers it includes the workers.'
  );
}

const PEERS = `- **FastAPI** declares its body as a pydantic model, as its documentation recommends, and answers with orjson. **FastAPI, tuned** lets
  pydantic parse the bytes of the body instead. Both run in uvicorn with uvloop and httptools and compute with PyTorch's autograd.
- **PyTorch 2**: the same two with the PyTorch in the folder that the environment variable \`BENCH_TORCH\` names.
- **Starlette** does the same in binary, with the \`safetensors\` package.
- **plain Fastify** is a route in one process that computes with ml-matrix.
- **an empty Fastify route** is not a peer but a bound: it reads the body, ignores it, and sends as many bytes as the service.
- Python servers were measured both as one process with one thread per core, and as one process per core (uvicorn's \`--workers\`) with
  one thread each. For each workload and number of clients the better of the two counts; the table at the end names it. A setup that
  was ${CLEAR} times slower in the warm-up was left out.
- **this service, logging** writes its request log to /dev/null; the others log only warnings.
- **this service before** is the checkout given by \`--baseline\`.`;

function underLoadSection(underLoad: UnderLoad): string[] {
  return [
    '## Small requests beside large ones',
    `One client sends \`article\`, another \`GET /livez\`, a request every few milliseconds: first without other load, then while ` +
      `${underLoad.clients} clients send \`wide\` requests in JSON without pause.`,
    underLoadTable(underLoad),
  ];
}

function growthSection(growth: readonly Series[]): string[] {
  return [
    '## How the time grows',
    'Median time of a request in safetensors with one client.',
    '![time against layers, width and samples](growth.svg)',
    ...growth.flatMap((series) => [`### ${capitalised(series.title)}`, growthTable(series)]),
  ];
}
