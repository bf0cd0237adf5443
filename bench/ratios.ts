// The ratio of the service to its peers: per round, with median and range over the rounds.
import { median } from '../test/support/statistics.ts';
import { spread, table, verdict } from '../test/support/table.ts';
import { type ContenderName, contenders } from './contenders.ts';
import type { Case, Cell, Concurrency } from './sweep.ts';
import { quantities, type RatioTarget, ratioTargets } from './targets.ts';

type Quantity = keyof typeof quantities;

export const sameCase = (a: Case, b: Case): boolean => a.workload === b.workload && a.format === b.format;

export function cellOf(cells: readonly Cell[], item: Case, contender: ContenderName, clients: Concurrency): Cell | undefined {
  return cells.find((cell) => sameCase(cell, item) && cell.contender === contender && cell.clients === clients);
}

/** The ratio of a quantity between two contenders, per round; undefined if one of them was not measured. */
function ratiosOf(cell: Cell | undefined, peer: Cell | undefined, quantity: Quantity): number[] | undefined {
  if (!cell || !peer) return undefined;
  const of = quantities[quantity];
  return peer.samples.map((sample, round) => (cell.samples[round] ? of(cell.samples[round]) : Number.NaN) / of(sample));
}

/** The targets of all measured cases, and whether each is met. */
export function targetTable(cells: readonly Cell[]): string {
  const targets = ratioTargets.filter((target) => cells.some((cell) => sameCase(cell, target)));
  return table(
    ['workload', 'format', 'clients', 'what', 'measured', 'target', ''],
    targets.map((target) => targetRow(cells, target)),
  );
}

function targetRow(cells: readonly Cell[], target: RatioTarget): string[] {
  const { workload, format, clients, subject = 'service', peer, quantity, bound } = target;
  const ratios = ratiosOf(cellOf(cells, target, subject, clients), cellOf(cells, target, peer, clients), quantity);
  const what = `${quantity}, ${contenders[subject].label} over ${contenders[peer].label}`;
  const wanted = 'atLeast' in bound ? `≥ ${bound.atLeast}×` : `≤ ${bound.atMost}×`;
  const result = ratios ? [spread(ratios, '×'), wanted, verdict(isWithin(median(ratios), bound))] : ['', wanted, 'not measured'];
  return [workload, format, `${clients}`, what, ...result];
}

function isWithin(ratio: number, bound: RatioTarget['bound']): boolean {
  return 'atLeast' in bound ? ratio >= bound.atLeast : ratio <= bound.atMost;
}

/** The quantities that are compared with every peer. */
const compared: readonly (readonly [quantity: Quantity, clients: Concurrency, title: string])[] = [
  ['throughput', 1, 'throughput, 1 client'],
  ['throughput', 8, 'throughput, 8 clients'],
  ['main-thread CPU', 8, 'main-thread CPU, 8 clients'],
  ['CPU', 8, 'CPU, 8 clients'],
];

/** The ratio of the service to each peer, in throughput and in CPU time per request. */
export function ratioTable(cells: readonly Cell[]): string {
  const peers = cells.filter(({ contender, clients }) => contender !== 'service' && clients === 1);
  const rows = peers.map((peer) => [
    peer.workload,
    peer.format,
    contenders[peer.contender].label,
    ...compared.map(([quantity, clients]) => {
      const ratios = ratiosOf(cellOf(cells, peer, 'service', clients), cellOf(cells, peer, peer.contender, clients), quantity);
      return ratios ? spread(ratios, '×') : '';
    }),
  ]);
  return table(['workload', 'format', 'service over', ...compared.map(([, , title]) => title)], rows);
}
