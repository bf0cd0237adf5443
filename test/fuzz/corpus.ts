// The well-formed requests from which mutants are made: the test vectors, the examples of the documentation, and random ones.
import { readdirSync, readFileSync } from 'node:fs';
import { examples } from '../../schemas/examples.ts';
import { type Extra, GradientsRequest } from '../../schemas/gradients.ts';
import { type LossName, losses } from '../../schemas/loss.ts';
import { namesOf } from '../../schemas/names.ts';
import { forRandomRequests } from '../support/random-request.ts';
import { type OperationRequest, toAnyOperation } from './operations.ts';
import type { Random } from './random.ts';

const vectors = new URL('../vectors/', import.meta.url);

/** Longer requests are left out, in bytes of JSON: mutants of short ones reach as much of the code. */
const LONGEST = 20_000;

function fromVectors(): GradientsRequest[] {
  const files = readdirSync(vectors)
    .filter((name) => name.endsWith('.json'))
    .sort();
  return files.flatMap((name) => {
    const content: { request?: GradientsRequest } | { request?: GradientsRequest }[] = JSON.parse(
      readFileSync(new URL(name, vectors), 'utf8'),
    );
    // Those of other operations are networks and vectors.
    return [content].flat().flatMap(({ request }) => request ?? []);
  });
}

function randomOnes(): GradientsRequest[] {
  const requests: GradientsRequest[] = [];
  for (const loss of Object.keys(losses) as LossName[]) forRandomRequests(loss, (request) => void requests.push(request));
  return requests;
}

/** The same in every run. */
export const corpus: readonly GradientsRequest[] = [
  ...Object.values(examples).map(({ request }) => request),
  ...fromVectors(),
  ...randomOnes(),
].filter((request) => JSON.stringify(request).length < LONGEST);

const extras = namesOf(GradientsRequest.properties.include.items) as Extra[];

const times = <T>(items: readonly T[], n: number): T[] => Array.from({ length: n }, () => items).flat();

/** The request with every sample repeated n times. */
function repeated(request: GradientsRequest, n: number): GradientsRequest {
  const { inputs, targets = [], sample_weights, samples } = request.batch;
  const columns = samples === 'columns';
  const ofMatrix = (rows: number[][]) => (columns ? rows.map((row) => times(row, n)) : times(rows, n));
  return {
    ...request,
    batch: {
      ...request.batch,
      inputs: ofMatrix(inputs),
      targets: typeof targets[0] === 'number' ? times(targets as number[], n) : ofMatrix(targets as number[][]),
      ...(sample_weights && { sample_weights: times(sample_weights, n) }),
    },
  };
}

/** The request with n additional layers that do not change its outputs. */
function deepened(request: GradientsRequest, n: number): GradientsRequest {
  const { layers } = request.network;
  const width = layers[0].weights[0].length;
  const identity = Array.from({ length: width }, (_, i) => Array.from({ length: width }, (_, j) => (i === j ? 1 : 0)));
  return { ...request, network: { layers: [...times([{ weights: identity }], n), ...layers] } };
}

/** A random well-formed request to any operation: some have all extra values, some are long, some have many layers. */
export function wellFormed(random: Random): OperationRequest {
  let request = random.pick(corpus);
  if (random.percent(30)) request = { ...request, include: extras.filter(() => random.percent(60)) };
  else if (random.percent(10)) request = { ...request, include: extras };
  if (random.percent(20))
    request = { ...request, penalty: { l1: random.pick([0, 0.1, 1e300]), l2: random.below(3), biases: random.percent(50) } };
  if (random.percent(3)) request = repeated(request, 1 + random.below(300));
  if (random.percent(2)) request = deepened(request, 1 + random.below(200));
  return toAnyOperation(request, random);
}
