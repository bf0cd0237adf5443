// Fast counters and histograms in the text format of Prometheus, for the metrics that every request updates. prom-client takes
// several microseconds per request: it hashes the labels of each observation, and looks up buckets by strings.

/** Buckets from 0.1 ms to 1 min. */
export const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60];

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** A sample in Prometheus's text format. */
function sample(name: string, labels: readonly string[], values: readonly string[], value: number): string {
  const pairs = labels.map((label, i) => `${label}="${escaped(values[i])}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

/** The children by label values, in nested maps with one level per label: a look-up allocates no string. */
type Level<Child> = Map<string, Child | Level<Child>>;

/** A metric with one child (a value or a histogram) for each combination of label values seen so far. */
abstract class Instrument<Child extends object> {
  protected readonly described: Described;
  readonly #children: Level<Child> = new Map();
  readonly #all: (readonly [values: readonly string[], child: Child])[] = [];

  constructor(name: string, help: string, labels: readonly string[]) {
    this.described = { name, help, labels };
  }

  protected abstract make(): Child;
  protected abstract samples(child: Child, values: readonly string[]): string;
  protected abstract readonly type: string;

  /** The child for the given label values. */
  of(...values: string[]): Child {
    let level = this.#children;
    for (let i = 0; i < values.length - 1; i++) {
      const next = level.get(values[i]) ?? new Map();
      if (!level.has(values[i])) level.set(values[i], next);
      level = next as Level<Child>;
    }
    const last = values.at(-1) ?? '';
    return (level.get(last) as Child | undefined) ?? this.#add(level, last, values);
  }

  #add(level: Level<Child>, last: string, values: readonly string[]): Child {
    const child = this.make();
    level.set(last, child);
    this.#all.push([values, child]);
    return child;
  }

  text(): string {
    const { name, help } = this.described;
    let text = `# HELP ${name} ${help}\n# TYPE ${name} ${this.type}\n`;
    for (const [values, child] of this.#all) text += this.samples(child, values);
    return text;
  }
}

class Count {
  value = 0;
  add(n: number): void {
    this.value += n;
  }
}

export class Counter extends Instrument<Count> {
  protected readonly type = 'counter';

  protected make(): Count {
    return new Count();
  }

  protected samples({ value }: Count, values: readonly string[]): string {
    return sample(this.described.name, this.described.labels, values, value);
  }
}

class Distribution {
  readonly #bounds: readonly number[];
  /** Observations per bucket, not cumulative; the last bucket is for values above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]) bucket++;
    this.counts[bucket]++;
    this.sum += value;
  }
}

export class Histogram extends Instrument<Distribution> {
  protected readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** `bounds` are the upper bounds of the buckets, ascending. */
  constructor(name: string, help: string, labels: readonly string[], bounds: readonly number[]) {
    super(name, help, labels);
    this.#bounds = bounds;
  }

  protected make(): Distribution {
    return new Distribution(this.#bounds);
  }

  protected samples({ counts, sum }: Distribution, values: readonly string[]): string {
    const { name, labels } = this.described;
    const bounds = [...this.#bounds.map(String), '+Inf'];
    let count = 0;
    let text = '';
    for (const [i, bound] of bounds.entries()) {
      count += counts[i];
      text += sample(`${name}_bucket`, ['le', ...labels], [bound, ...values], count);
    }
    return text + sample(`${name}_sum`, labels, values, sum) + sample(`${name}_count`, labels, values, count);
  }
}
