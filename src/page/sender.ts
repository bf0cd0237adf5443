// Sends the request, shows how far it is, and lets it be given up.
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { announce, byId, nextFrame, setPhase } from './dom.ts';
import { type Call, type Outcome, type Problem, type Progress, postGradients } from './request/api.ts';

/** What takes less time shows no progress, in milliseconds. */
const SHORT = 250;

export interface Receiver {
  answer(request: GradientsRequest, answer: GradientsAnswer): Promise<void>;
  problem(problem: Problem): void;
}

export class Sender {
  readonly #receiver: Receiver;
  #call: Call | undefined;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    byId('cancel').addEventListener('click', () => this.#call?.cancel());
  }

  /** Sends a request; one that is on its way is given up for it. */
  async send(request: GradientsRequest, key: string): Promise<void> {
    this.#call?.cancel();
    const slow = setTimeout(() => this.#busy(true), SHORT);
    const call = postGradients(JSON.stringify(request), key, (progress) => {
      if (this.#call === call) showProgress(progress);
    });
    this.#call = call;
    setPhase('sending');
    const outcome = await call.outcome;
    clearTimeout(slow);
    if (this.#call !== call) return;
    this.#busy(false);
    await this.#receive(request, outcome);
    if (this.#call === call) setPhase('answer' in outcome ? 'answered' : 'problem' in outcome ? 'refused' : 'cancelled');
  }

  async #receive(request: GradientsRequest, outcome: Outcome): Promise<void> {
    if ('answer' in outcome) {
      // What is to be drawn now waits until the browser has drawn what was there.
      await nextFrame();
      await this.#receiver.answer(request, outcome.answer);
    } else if ('problem' in outcome) this.#receiver.problem(outcome.problem);
    else {
      byId('compute-hint').textContent = 'Cancelled.';
      announce('Cancelled');
    }
  }

  #busy(busy: boolean): void {
    byId('progress').hidden = !busy;
    byId<HTMLButtonElement>('compute').disabled = busy;
  }
}

function showProgress({ doing, share }: Progress): void {
  const bar = byId<HTMLProgressElement>('progress-bar');
  if (share === undefined) bar.removeAttribute('value');
  else bar.value = share;
  const words = { sending: 'Sending the request', computing: 'The service is computing', receiving: 'Receiving the answer' };
  byId('progress-text').textContent = `${words[doing]}${share === undefined ? ' …' : `: ${Math.round(100 * share)} %`}`;
}
