// A runner without mathematics: the request is a text, a part is one letter of it, a sum is the letters in brackets. It shows the order
// of the tree; what happens in each part is up to the test.

import type { Job, JobPlan, JobRequest, Runner } from '../../src/jobs/runner.ts';
import { Refusal } from '../../src/refusal.ts';
import type { Encoded } from '../../src/wire/codec.ts';

export class SummingRunner implements Runner {
  readonly fingerprint: string;
  /** What was called, in order. */
  readonly calls: string[] = [];
  /** Called before each step, by its name; may throw or wait. */
  before: (step: string, signal?: AbortSignal) => Promise<void> | void = () => {};

  constructor(fingerprint = 'letters') {
    this.fingerprint = fingerprint;
  }

  async plan(_owner: string, { bytes }: JobRequest): Promise<JobPlan> {
    const text = `${Buffer.from(bytes)}`;
    if (text === '') throw new Refusal('invalid-request', { detail: 'expected a text' });
    return { samples: text.length, flops: text.length, parts: text.length, samplesPerPart: 1, nodeBytes: 1 };
  }

  async divisor() {
    await this.#step('divisor');
    return { factor: 3, exponent: 0 };
  }

  async part({ request }: Job, _divisor: object, i: number, signal?: AbortSignal): Promise<Uint8Array> {
    const letter = `${Buffer.from(request.bytes)}`[i];
    await this.#step(letter, signal);
    return Buffer.from(letter);
  }

  async merge(_job: Job, children: readonly Uint8Array[]): Promise<Uint8Array> {
    const sum = `(${children.map((child) => `${Buffer.from(child)}`).join('')})`;
    await this.#step(sum);
    return Buffer.from(sum);
  }

  async answer(_job: Job, { factor }: { factor: number }, root: Uint8Array, answerType: string): Promise<Encoded> {
    await this.#step('answer');
    return `${Buffer.from(root)}/${factor} as ${answerType}`;
  }

  async #step(name: string, signal?: AbortSignal): Promise<void> {
    this.calls.push(name);
    await this.before(name, signal);
  }
}
