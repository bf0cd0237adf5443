// The places that the operator allows.
import { Refusal } from '../refusal.ts';
import type { Elsewhere } from './elsewhere.ts';

export class Places implements Elsewhere {
  readonly #allowed: string;
  constructor(allowed: string) {
    this.#allowed = allowed;
  }
  async pin(_owner: string, _url: string): Promise<{ version: string; bytes: number }> {
    const detail = `expected a URL below one of the places that are allowed: ${this.#allowed || 'none are'} (DATA_ALLOW)`;
    throw new Refusal('place-not-allowed', { detail: '1 problem in the request', errors: [{ pointer: '/url', detail }] });
  }
  async readInto(): Promise<void> {}
}
