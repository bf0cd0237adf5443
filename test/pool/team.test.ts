// Teams: a request that several threads compute has the bits, and the errors, of the same request in one thread.
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { type MessagePort, Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { type DecodedRequest, type Extra, GradientsRequest, type GradientsResult } from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { type Tensor, tensor } from '../../schemas/numbers.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { Abandoned, Control } from '../../src/pool/control.ts';
import type { HelpWanted } from '../../src/pool/messages.ts';
import { Leader } from '../../src/pool/team.ts';
import type { Refusal } from '../../src/refusal.ts';
import { planGradients } from '../../src/work/gradients.ts';
import type { Team } from '../../src/work/team.ts';
import { copyOf, flat, wave } from '../support/numbers.ts';

const engine = loadEngine({ name: 'portable' }, new Scratch(true));

/** Claims of parts, as in src/pool/control.ts. */
const NEXT = 4;

interface Crew {
  readonly team: Team;
  readonly control: Control;
  /** The numbers of parts of the runs so far. */
  readonly runs: number[];
}

/** A leader in this thread, with so many members that have joined. Every one of its runs has parts that members compute. */
async function start(t: Test, members: number): Promise<Crew> {
  let wanted: HelpWanted | undefined;
  const leader = new Leader(members, (message) => {
    wanted = message;
  });
  leader.run(
    0,
    () => {},
    () => ({ name: '', argument: {} }),
  );
  const { control: memory, ports } = wanted as unknown as HelpWanted;
  const control = new Control(memory);
  const next = new BigInt64Array(memory);
  const workers = ports.map((port: MessagePort, member) => {
    const workerData = { control: memory, member, port };
    return new Worker(new URL('member.ts', import.meta.url), { workerData, transferList: [port] });
  });
  t.teardown(() => {
    leader.end();
    return Promise.all(workers.map((worker) => once(worker, 'exit')));
  });
  // Not blocked: a thread cannot load while the thread that started it is.
  for (const member of workers.keys()) while (!control.isThere(member)) await setImmediate();
  const runs: number[] = [];
  const team: Team = {
    run(count, compute, task) {
      runs.push(count);
      const together = (part: number) => {
        while (part === 0 && count > 1 && control.failed === undefined && (Atomics.load(next, NEXT) & 0xffffffffn) < 2n);
        compute(part);
      };
      leader.run(count, together, task);
    },
    inTurn: (part, work) => leader.inTurn(part, work),
  };
  return { team, control, runs };
}

interface Shape {
  readonly samples: number;
  readonly widths: readonly number[];
  readonly rest?: object;
  readonly columns?: boolean;
  readonly activation?: string;
}

function requestOf({ samples, widths, rest = {}, columns = false, activation = 'tanh' }: Shape): DecodedRequest {
  const matrix = (rows: number, width: number, seed: number) =>
    tensor(columns ? [width, rows] : [rows, width], wave(rows * width, seed));
  const outputs = widths[widths.length - 1];
  return {
    network: {
      layers: widths.slice(1).map((units, k) => ({
        weights: tensor([units, widths[k]], wave(units * widths[k], k)),
        ...(k % 2 === 0 && { biases: wave(units, k + 10) }),
        ...(k < widths.length - 2 && { activation }),
      })) as never,
    },
    batch: {
      inputs: matrix(samples, widths[0], 20),
      targets: matrix(samples, outputs, 21),
      sample_weights: wave(samples, 22).map(Math.abs),
      ...(columns && { samples: 'columns' as const }),
    },
    ...rest,
  };
}

const compute = (request: DecodedRequest, team?: Team): GradientsResult =>
  engine.scratch.recycle(() => copyOf(planGradients(request).run(engine, team)));

function refusalOf(work: () => unknown): Refusal | undefined {
  try {
    work();
  } catch (error) {
    return error as Refusal;
  }
  return undefined;
}

const all = namesOf(GradientsRequest.properties.include.items) as Extra[];

const shapes: Record<string, Shape> = {
  tiles: { samples: 3000, widths: [70, 5, 3], rest: { penalty: { l1: 0.1, l2: 0.2, biases: true } } },
  'tiles, with values per sample': { samples: 2600, widths: [70, 2, 3], rest: { include: [...all] } },
  'tiles, samples in columns': { samples: 2600, widths: [70, 2, 3], columns: true, rest: { include: ['outputs', 'trace'] } },
  products: {
    samples: 100,
    widths: [520, 600, 600, 3],
    rest: { penalty: { l2: 0.2 }, include: ['squared_gradients', 'per_sample_gradient_norms'] },
  },
  'products, softmax, with a trace': {
    samples: 300,
    widths: [300, 300, 260],
    activation: 'softmax',
    rest: { include: ['trace', 'per_sample_losses'] },
  },
  'products of several tiles': { samples: 1100, widths: [300, 300, 2] },
};

for (const [name, shape] of Object.entries(shapes)) {
  t.test(`${name}: the bits of one thread`, async (t) => {
    const request = requestOf(shape);
    const { team, runs } = await start(t, 2);
    const [expected, actual] = [compute(request), compute(request, team)];
    t.ok(runs.some((parts) => parts > 1));
    const bits = (result: GradientsResult) => Buffer.from(Float64Array.from(flat(result)).buffer).toString('base64');
    t.ok(bits(actual) === bits(expected));
    t.strictSame(Object.keys(actual), Object.keys(expected));
  });
}

t.test('products without shared memory, outside of a request', async (t) => {
  const request = requestOf({ samples: 300, widths: [300, 300, 260] });
  const { team } = await start(t, 1);
  t.strictSame(flat(planGradients(request).run(engine, team)), flat(compute(request)));
});

t.test('the error of the first sample, whichever thread computes it', async (t) => {
  const samples = 4000;
  const request = requestOf({ samples, widths: [70, 3], rest: { loss: { type: 'poisson_nll', log_input: false, eps: 1e-3 } } });
  const [layer] = request.network.layers as { weights: Tensor; biases: Float64Array }[];
  const { inputs, targets } = request.batch as { inputs: Tensor; targets: Tensor };
  layer.weights.data.fill(-1);
  layer.biases.fill(1);
  targets.data.fill(1);
  const reasonOf = (team?: Team) => refusalOf(() => compute(request, team))?.refused;
  for (const bad of [[3999, 700], [2000], [100]]) {
    inputs.data.fill(0);
    for (const sample of bad) inputs.data[sample * 70] = 5;
    const { team } = await start(t, 2);
    const reason = reasonOf(team);
    t.match(reason?.errors?.[0].detail, `for sample ${Math.min(...bad)}, unit 0`);
    t.strictSame(reason, reasonOf());
  }
});

t.test('a non-finite value is named as by one thread', async (t) => {
  const request = requestOf({ samples: 3000, widths: [70, 3], rest: { include: ['outputs'] } });
  (request.network.layers[0].weights as Tensor).data.fill(1);
  (request.batch.inputs as Tensor).data.fill(1e308, 2000 * 70, 2001 * 70);
  const { team } = await start(t, 1);
  t.match(refusalOf(() => compute(request, team))?.refused, { step: 'pre_activations', layer: 0 });
});

t.test('a part that fails in a member only is computed by the leader', async (t) => {
  const { team, control } = await start(t, 1);
  const done: number[] = [];
  team.run(
    4,
    (part) => {
      done.push(part);
    },
    () => ({ name: 'no such task', argument: {} }),
  );
  t.ok(done.includes(1) && done.includes(3), `${done}`);
  t.equal(control.failed !== undefined, true);
});

t.test('a team whose thread ended refuses the request', async (t) => {
  const { team, control } = await start(t, 1);
  const breaking = () =>
    team.run(
      1,
      () => control.break(),
      () => ({ name: '', argument: {} }),
    );
  t.match(refusalOf(breaking), { type: 'overloaded', refused: { detail: /thread.*was ended/ } });
  t.ok(refusalOf(() => control.inTurn(1, () => {})) instanceof Abandoned);
});

t.test('turns: each part once, in order', async (t) => {
  const control = new Control();
  control.begin(1);
  t.strictSame(
    [control.claim(1, 2), control.claim(1, 2), control.claim(1, 2), control.claim(2, 2)],
    [0, 1, undefined, undefined],
  );
  const order: number[] = [];
  control.inTurn(0, () => order.push(0));
  control.inTurn(0, () => order.push(0));
  control.inTurn(1, () => order.push(1));
  t.strictSame(order, [0, 1]);
  const other = new Control();
  other.join(0);
  other.join(1);
  other.break(0);
  t.strictSame([other.isBroken, other.isDeserted], [true, false], 'one member may still write');
  other.leave(1);
  t.ok(other.isDeserted);
  control.fail(3);
  control.fail(5);
  t.equal(control.failed, 3);
  t.ok(refusalOf(() => control.inTurn(4, () => {})) instanceof Abandoned);
  t.equal(control.claim(1, 10), undefined, 'no part of a run that failed');
});
