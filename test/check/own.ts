// Candidates with a mistake of the catalogue, made on purpose in a random network.
import { type MistakeName, mistakes } from '../../schemas/mistake.ts';
import { isTensor } from '../../schemas/numbers.ts';
import { activate, pullBack } from '../../src/backprop/activation.ts';
import { buildBatch } from '../../src/backprop/batch.ts';
import type { Forward } from '../../src/backprop/forward.ts';
import { bindLoss } from '../../src/backprop/losses.ts';
import { mistakesIn } from '../../src/backprop/mistakes/catalogue.ts';
import type { Change, LineName, LossValue, Setting, WeightsValue } from '../../src/backprop/mistakes/change.ts';
import { factorMistakes } from '../../src/backprop/mistakes/factors.ts';
import { lossWith } from '../../src/backprop/mistakes/loss-values.ts';
import { buildLayers } from '../../src/backprop/network.ts';
import { addPenaltyGradients, bindPenalty, penaltyOf } from '../../src/backprop/penalty.ts';
import { divisorAsNumber, divisorOf } from '../../src/backprop/reduction.ts';
import { Dense } from '../../src/linalg/dense.ts';
import type { Engine } from '../../src/linalg/engine.ts';
import { flat } from '../support/flat.ts';
import { type Matrix, random, T } from './numpy.ts';
import { type Problem, problem, requestOf } from './program.ts';

/** Where in a network a mistake is made: in the layers that it picks of those in which it can be. */
type Pick = (layers: readonly number[]) => readonly number[];

/** Activations with formulas of their own. */
const RARE = ['softsign', 'elu', 'logsigmoid', 'mish', 'gelu_tanh'];

/** A random problem: sizes, activations, loss and options. */
export function randomProblem(seed: number): Problem {
  const next = random(seed);
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)];
  const size = () => 3 + Math.floor(next() * 4);
  const hidden = Array.from({ length: 1 + Math.floor(next() * 2) }, size);
  const isSquare = next() < 0.4;
  const loss = one(['mse', 'cross_entropy', 'binary_cross_entropy_with_logits', 'binary_cross_entropy']);
  const outputs = loss !== 'cross_entropy' && next() < 0.15 ? 1 : 3;
  const sizes = [isSquare ? hidden[0] : size(), ...(isSquare ? hidden.map(() => hidden[0]) : hidden), outputs];
  const names = [...['tanh', 'sigmoid', 'relu', 'softplus', 'gelu', 'silu', 'leaky_relu'], ...RARE];
  const last =
    loss === 'binary_cross_entropy'
      ? 'sigmoid'
      : loss === 'mse'
        ? one(['identity', 'sigmoid', outputs > 1 ? 'softmax' : 'tanh'])
        : 'identity';
  const numbers = (n: number, low: number, high: number) => Array.from({ length: n }, () => low + (high - low) * next());
  const samples = 5 + Math.floor(next() * 5);
  const isMaybe = () => next() < 0.35;
  const made = problem(seed, sizes, [...hidden.map(() => one(names)), last], loss, {
    samples,
    s: isMaybe() ? numbers(samples, 0.3, 2) : undefined,
    lossOptions: {
      ...(loss === 'cross_entropy' && isMaybe() && { weight: numbers(outputs, 0.3, 2) }),
      ...(loss === 'cross_entropy' && isMaybe() && { label_smoothing: 0.15 }),
      ...(loss === 'cross_entropy' && isMaybe() && { ignore_index: 1 }),
      ...(loss === 'binary_cross_entropy_with_logits' && isMaybe() && { pos_weight: numbers(outputs, 0.3, 3) }),
      ...(isMaybe() && { reduction: one(['sum', 'batchmean']) }),
    },
    penalty: isMaybe() ? { l2: 0.05 + 0.1 * next(), ...(isMaybe() && { l1: 0.02 }), biases: isMaybe() } : undefined,
  });
  // Not all samples may be ignored.
  made.classes[0] = 0;
  // A sample of zeros without biases: pre-activations of exactly 0.
  return isMaybe()
    ? { ...made, X: made.X.map((x, i) => (i ? x : x.map(() => 0))), b: made.b.map((b, k) => (k ? b : b.map(() => 0))) }
    : made;
}

function settingOf(p: Problem, engine: Engine): Setting {
  const { network, batch, loss, penalty } = flat(requestOf(p)) as never as Parameters<typeof from>[0];
  return from({ network, batch, loss, penalty }, engine);
}

function from(
  {
    network,
    batch,
    loss,
    penalty,
  }: {
    network: Parameters<typeof buildLayers>[0];
    batch: Parameters<typeof buildBatch>[0];
    loss: { type: string };
    penalty: object;
  },
  engine: Engine,
): Setting {
  const bound = bindLoss(loss);
  const layers = buildLayers(network);
  const samples = batch.inputs.shape[0];
  const outputs = layers[layers.length - 1].W.rows;
  return {
    layers,
    ...buildBatch(batch, 0, samples, engine.scratch),
    isWeighted: batch.sample_weights !== undefined,
    given: loss as Setting['given'],
    bound,
    divisor: divisorAsNumber(divisorOf(bound, samples, outputs, batch.classes, batch.sample_weights)),
    penalty: bindPenalty(penalty),
    engine,
  };
}

/** The line of a mistake of the catalogue; undefined for factors and arrays as a whole. */
export function lineOf(name: MistakeName): LineName | undefined {
  const lines: LineName[] = ['forward', 'loss', 'slopes', 'weights', 'biases', 'gradients', 'inputs'];
  return lines.find((line) => mistakesIn(line).some(([other]) => other === name));
}

/** The request to /check with a candidate that makes the mistake; undefined if the problem has no place for it. */
export function withMistake(p: Problem, name: MistakeName, engine: Engine, pick: Pick, withTrace: boolean): object | undefined {
  const setting = settingOf(p, engine);
  const line = lineOf(name);
  const places = line === 'loss' || !line ? [0] : setting.layers.map((_, k) => k);
  const possible = places.filter((k) => new Maker(setting, name, line, [k]).make() !== undefined);
  // Where other activations are taken for each other's, the same mistake in several layers needs the same activation.
  const alike = line === 'forward' ? possible.filter((k) => p.activations[k] === p.activations[possible[0]]) : possible;
  const chosen = pick(alike);
  if (chosen.length === 0) return undefined;
  const made = new Maker(setting, name, line, chosen).make();
  if (!made) return undefined;
  const { outputs, trace, ...candidate } = made;
  return { ...requestOf(p), candidate: { ...candidate, ...(withTrace && { outputs, trace }) } };
}

class Maker {
  readonly #setting: Setting;
  readonly #name: MistakeName;
  readonly #line: LineName | undefined;
  readonly #layers: readonly number[];
  #isMade = false;

  constructor(setting: Setting, name: MistakeName, line: LineName | undefined, layers: readonly number[]) {
    this.#setting = setting;
    this.#name = name;
    this.#line = line;
    this.#layers = layers;
  }

  /** The value of the first change of the mistake in a line; undefined if it is not made there. */
  #value<Value>(line: LineName, k: number, at: object): Value | undefined {
    if (this.#line !== line || !this.#layers.includes(k)) return undefined;
    const found = mistakesIn(line).find(([name]) => name === this.#name);
    const changes = (found?.[1].changes as ((at: object) => Change<Value>[]) | undefined)?.(at);
    const value = changes?.[0]?.compute();
    if (value) this.#isMade = true;
    return value;
  }

  make() {
    let setting = this.#setting;
    const { engine, divisor } = setting;
    const { scratch } = engine;
    let { X } = setting;
    const steps: Forward[] = [];
    setting.layers.forEach(({ W, b, f }, k) => {
      const wrong = this.#value<Forward & { layer: Setting['layers'][0] }>('forward', k, { setting, k, X, before: steps.at(-1) });
      const Z = wrong?.Z ?? engine.forward(X, W, b);
      const A = wrong?.A ?? activate(f, Z, scratch, false);
      if (wrong) setting = { ...setting, layers: setting.layers.with(k, wrong.layer) };
      steps.push({ X, Z, A });
      X = A;
    });
    const right = lossWith({ setting, Y: X }, {});
    const wrong = this.#value<LossValue>('loss', 0, { setting, Y: X });
    const factor = (factorMistakes as Record<string, { factor(s: Setting): number | undefined }>)[this.#name]?.factor(setting);
    const isConstant = this.#name === 'constant-factor';
    const c = isConstant ? 0.037 : (factor ?? (this.#name === 'mean-in-parameters-only' ? divisor : 1));
    if (c !== 1) this.#isMade = true;
    let dA = mapped(wrong?.dY ?? right.dY, (x) => c * x);
    const loss = (wrong?.loss ?? (right.loss as number)) * (this.#name === 'mean-in-parameters-only' ? 1 : c);
    const gradients: { weights: Matrix; biases?: unknown }[] = [];
    const trace: object[] = [];
    for (let k = setting.layers.length - 1; k >= 0; k--) {
      const { W, b, f } = setting.layers[k];
      const { Z, A, X } = steps[k];
      const slope = this.#value<{ slopes?: Dense; dZ?: Dense }>('slopes', k, { setting, steps, k, dA });
      const dZ =
        slope?.dZ ?? (slope?.slopes ? mapped(slope.slopes, (s, at) => s * dA.data[at]) : pullBack(f, dA, Z, A, scratch, false));
      const at = { setting, steps, k, dA, dZ };
      const late = this.#name === 'mean-in-parameters-only' ? 1 / divisor : 1;
      const dW = this.#weights(
        at,
        mapped(engine.weightGradient(dZ, X), (x) => late * x),
        W,
      );
      const db =
        b &&
        this.#biases(
          at,
          dZ.sumOfRows(scratch).map((x) => late * x),
          b,
        );
      const passed = this.#value<{ inputs: Dense; direction?: Dense }>('inputs', k, {
        ...at,
        step: () => new Dense(W.rows, W.columns, Float64Array.from(dW.flat())),
      });
      const dX = passed
        ? mapped(passed.inputs, (x, i) => x - 0.1 * (passed.direction?.data[i] ?? 0))
        : engine.inputGradient(dZ, W);
      // The first layer passes nothing on.
      if (passed && k === 0 && this.#layers.length === 1) return undefined;
      gradients.unshift({ weights: dW, ...(db !== undefined && { biases: db }) });
      trace.unshift({
        inputs: lists(X),
        pre_activations: lists(Z),
        outputs: lists(A),
        output_gradients: lists(dA),
        pre_activation_gradients: lists(dZ),
        input_gradients: lists(dX),
      });
      dA = dX;
    }
    const { penalty } = setting;
    const made = {
      loss: loss + (penalty ? penaltyOf(penalty, setting.layers) : 0),
      gradients: this.#name === 'layers-reversed' ? gradients.toReversed() : gradients,
      outputs: lists(X),
      trace,
    };
    if (this.#name === 'layers-reversed') this.#isMade = gradients.length > 1;
    if (this.#name === 'samples-as-columns') {
      this.#isMade = made.outputs.length !== made.outputs[0].length;
      made.outputs = T(made.outputs);
    }
    return this.#isMade ? made : undefined;
  }

  #weights(at: { setting: Setting; k: number; dZ: Dense }, right: Dense, W: Dense): Matrix {
    const wrong = this.#value<WeightsValue & { δ: Dense; X: Dense; isTransposed?: boolean }>('weights', at.k, at);
    const dW = wrong ? at.setting.engine.weightGradient(wrong.δ, wrong.X) : right;
    const all = this.#gradients(at, 'weights', dW.data, W.data);
    const matrix = lists(new Dense(dW.rows, dW.columns, all));
    return wrong?.isTransposed ? T(matrix) : matrix;
  }

  #biases(at: { setting: Setting; k: number }, right: Float64Array, b: Float64Array): unknown {
    const wrong = this.#value<{ numbers: Float64Array; shape?: readonly number[] }>('biases', at.k, at);
    const numbers = this.#gradients(at, 'biases', wrong?.numbers ?? right, b);
    const [rows, columns] = wrong?.shape ?? [numbers.length];
    if (wrong?.shape?.length === 0) return numbers[0];
    return columns === undefined ? [...numbers] : lists(new Dense(rows, columns, numbers));
  }

  /** With the penalty, and mistakes that any gradient may have. */
  #gradients(
    { setting, k }: { setting: Setting; k: number },
    of: 'weights' | 'biases',
    ofLoss: Float64Array,
    parameters: Float64Array,
  ) {
    const { penalty } = setting;
    let ofPenalty: Float64Array | undefined;
    if (penalty && (of === 'weights' || penalty.biases)) {
      ofPenalty = new Float64Array(parameters.length);
      const dW = new Dense(1, ofPenalty.length, ofPenalty);
      addPenaltyGradients(penalty, [{ W: new Dense(1, parameters.length, parameters), b: undefined }], [{ dW, db: undefined }]);
    }
    const right =
      ofPenalty && ofLoss.length === ofPenalty.length ? ofLoss.map((x, i) => x + (ofPenalty as Float64Array)[i]) : ofLoss;
    const largest = right.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const candidates: Partial<Record<MistakeName, (x: number, i: number) => number>> = {
      'gradient-clipped': (x) => Math.max(-largest / 2, Math.min(largest / 2, x)),
      'parameters-after-step': (x, i) => parameters[i] - 0.1 * x,
      'penalty-of-other-strength': (x, i) => x + 0.3 * (ofPenalty?.[i] ?? 0),
      'penalty-not-in-request': (x, i) => x + 0.05 * parameters[i],
    };
    const candidate = right.map(candidates[this.#name] ?? ((x) => x));
    return this.#value<Float64Array>('gradients', k, { setting, k, of, ofLoss, ofPenalty, parameters, candidate }) ?? right;
  }
}

function mapped({ rows, columns, data }: Dense, f: (x: number, at: number) => number): Dense {
  return new Dense(rows, columns, data.map(f));
}

/** A matrix as nested lists, which scratch memory does not overwrite. */
function lists(matrix: Dense): Matrix {
  return isTensor(matrix) ? Array.from({ length: matrix.rows }, (_, i) => [...matrix.row(i)]) : matrix;
}

export const names = Object.keys(mistakes) as MistakeName[];
