// A loss of the contract in PyTorch: its function, and the division by what its reduction asks for.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import type { LossName, Reduction } from '../../../schemas/loss.ts';
import { hasClasses } from '../request/targets.ts';
import { literal } from './literal.ts';
import { python } from './python.ts';

export type Options = Record<string, unknown>;

/** PyTorch's function, or the losses of all outputs as an expression. */
type Known = { readonly torch: string } | { readonly each: string };

const losses = {
  mse: { torch: 'F.mse_loss' },
  l1: { torch: 'F.l1_loss' },
  log_cosh: { each: '(outputs - targets) + torch.logaddexp(torch.zeros_like(outputs), -2 * (outputs - targets)) - math.log(2)' },
  smooth_l1: { torch: 'F.smooth_l1_loss' },
  huber: { torch: 'F.huber_loss' },
  binary_cross_entropy: { torch: 'F.binary_cross_entropy' },
  binary_cross_entropy_with_logits: { torch: 'F.binary_cross_entropy_with_logits' },
  cross_entropy: { torch: 'F.cross_entropy' },
  nll: { torch: 'F.nll_loss' },
  kl_div: { torch: 'F.kl_div' },
  poisson_nll: { torch: 'F.poisson_nll_loss' },
  // F.soft_margin_loss overflows where an output is far on the wrong side.
  soft_margin: { each: 'torch.logaddexp(torch.zeros_like(outputs), -targets * outputs)' },
  // The slope of torch.clamp at its bound is 1 in PyTorch 1 and in the service, and 0 in PyTorch 2.
  hinge: { each: 'torch.where(targets * outputs <= 1, 1 - targets * outputs, 0.0)' },
  squared_hinge: { each: 'torch.clamp(1 - targets * outputs, min=0) ** 2' },
} satisfies { readonly [Name in LossName]: Known };

/** A variant's name and its options, as the request has them. */
export function variant(given: string | { type: string }): { name: string; options: Options } {
  const { type: name, ...options } = given instanceof Object ? given : { type: given };
  return { name, options };
}

type Write = (key: string, value: unknown) => string;

/** Options as keyword arguments. */
export function keywords(options: Options, write: Write = (_, value) => literal(value, python)): string[] {
  return Object.entries(options).map(([key, value]) => `${key}=${write(key, value)}`);
}

/** The lines that compute `loss` from `outputs` and `targets`; in a large request, lists are not written out. */
export function lossLines({ loss = 'mse', batch }: GradientsRequest, large: boolean): string[] {
  const { name, options } = variant(loss);
  const { reduction = 'mean', ...own } = options as { reduction?: Reduction } & Options;
  // It means nothing for class probabilities, and PyTorch refuses it.
  if (!hasClasses(batch)) delete own.ignore_index;
  const known: Known = (losses as Record<string, Known>)[name] ?? { torch: `F.${name}` };
  const write = (key: string, value: unknown) => {
    const text = large && Array.isArray(value) ? `request["loss"]["${key}"]` : literal(value, python);
    return Array.isArray(value) ? `tensor(${text})` : text;
  };
  const given = keywords(own, write);
  const call = (...more: string[]) =>
    'each' in known ? known.each : `${known.torch}(${['outputs', 'targets', ...given, ...more].join(', ')})`;
  // F.kl_div warns of its own mean.
  const direct = 'torch' in known && !batch.sample_weights && reduction !== 'batchmean' && name !== 'kl_div';
  if (direct) return [`loss = ${reduction === 'sum' ? call('reduction="sum"') : call()}`];
  const perSample = name === 'cross_entropy' || name === 'nll';
  const weights = perSample ? 'sample_weights' : 'sample_weights[:, None]';
  return [
    `losses = ${call('reduction="none"')}`,
    ...(batch.sample_weights ? [`losses = ${weights} * losses`] : []),
    ...reduced(reduction, perSample, batch, own, write),
  ];
}

/** The lines that add the penalty to `loss`, from `weights` and `biases`. */
export function penaltyLines({ penalty }: Pick<GradientsRequest, 'penalty'>): string[] {
  const { l1 = 0, l2 = 0, biases = false } = penalty ?? {};
  if (!(l1 > 0 || l2 > 0)) return [];
  const terms = [
    ...(l1 > 0 ? [`${literal(l1, python)} * W.abs().sum()`] : []),
    ...(l2 > 0 ? [`${literal(l2, python)} / 2 * (W**2).sum()`] : []),
  ];
  const all = biases ? '[*weights, *(b for b in biases if b is not None)]' : 'weights';
  return [`loss = loss + sum(${terms.join(' + ')} for W in ${all})`];
}

/** The lines that make one loss of the weighted losses of all samples. */
function reduced(
  reduction: Reduction,
  perSample: boolean,
  batch: GradientsRequest['batch'],
  own: Options,
  write: Write,
): string[] {
  const samples = batch.sample_weights ? 'sample_weights.sum()' : 'len(inputs)';
  if (reduction === 'sum') return ['loss = losses.sum()'];
  if (reduction === 'batchmean' || (perSample && !hasClasses(batch))) return [`loss = losses.sum() / ${samples}`];
  if (!perSample) return [`loss = losses.sum() / (${samples} * outputs.shape[1])`];
  const counted = 'sample_weights[counted]';
  const divisor = own.weight ? `(${counted} * ${write('weight', own.weight)}[targets[counted]])` : counted;
  return [`counted = targets != ${own.ignore_index ?? -100}`, `loss = losses.sum() / ${divisor}.sum()`];
}
