// All that shows an answer: the picture, the steps and the charts.
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { drawCharts } from './charts/charts.ts';
import { showDetails } from './details.ts';
import { announce, byId, el, nextFrame } from './dom.ts';
import type { Choice } from './network/layout.ts';
import { drawPicture, type Show } from './picture.ts';
import { Computed } from './request/computed.ts';
import { announceStep, listenToStepper, showStep } from './stepper.ts';
import type { Formulas, Steps } from './steps/step.ts';
import { phaseOf, stepsOf } from './steps/steps.ts';
import { exact } from './sum-view.ts';

/** What the picture shows: what fits to the step, or always the same. */
type Edges = Show | 'step';

export class Results {
  formulas: Formulas = { activations: new Map(), losses: new Map() };
  #run: Computed | undefined;
  #steps: Steps | undefined;
  #number = 0;
  #sample = 0;
  #choice: Choice | undefined;
  #edges: Edges = 'step';

  /** `move` takes the gradients that the request is to go against, and how far. */
  constructor(move: (gradients: GradientsAnswer['gradients'], rate: number) => void) {
    listenToStepper(
      () => this.#number,
      () => (this.#steps?.places.length ?? 1) - 1,
      (number) => this.#go(number),
    );
    const sample = byId<HTMLInputElement>('sample');
    sample.addEventListener('change', () => {
      this.#sample = Math.max(0, Math.min((this.#run?.samples ?? 1) - 1, Math.round(sample.valueAsNumber || 1) - 1));
      this.#drawNetwork();
    });
    for (const input of document.querySelectorAll<HTMLInputElement>('input[name=edges]'))
      input.addEventListener('change', () => {
        this.#edges = input.value as Edges;
        this.#drawNetwork();
      });
    byId('downhill').addEventListener('click', () => {
      const rate = byId<HTMLInputElement>('rate').valueAsNumber;
      if (this.#run && rate > 0) move(this.#run.answer.gradients, rate);
    });
    let width = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - width) < 1) return;
      width = contentRect.width;
      if (this.#run) this.#drawNetwork();
    }).observe(byId('network'));
  }

  /** Shows an answer, a part per frame, so that none takes long. */
  async show(request: GradientsRequest, answer: GradientsAnswer): Promise<void> {
    const run = new Computed(request, answer);
    const before = this.#run;
    const same = before && String([before.features, ...before.units]) === String([run.features, ...run.units]);
    this.#run = run;
    this.#steps = stepsOf(run, this.formulas);
    this.#number = same ? Math.min(this.#number, this.#steps.places.length - 1) : 0;
    this.#sample = Math.min(this.#sample, run.samples - 1);
    if (!same) this.#choice = undefined;
    this.age(false);
    byId('results').hidden = false;
    this.#summarise(run, same ? before : undefined);
    this.#drawNetwork();
    await nextFrame();
    if (this.#run !== run) return;
    this.#drawStep();
    await nextFrame();
    if (this.#run !== run) return;
    drawCharts(byId('charts'), request, answer);
  }

  /** Whether what is shown is no longer the answer to the request. */
  age(old: boolean): void {
    byId('results').classList.toggle('old', old);
    byId('old').hidden = !old;
  }

  /** In other colours. */
  async redraw(): Promise<void> {
    if (!this.#run) return;
    this.#drawNetwork();
    this.#drawStep();
    drawCharts(byId('charts'), this.#run.request, this.#run.answer);
  }

  #go(number: number): void {
    if (number === this.#number || !this.#steps) return;
    this.#number = number;
    this.#drawStep();
    this.#drawNetwork();
    announceStep({ steps: this.#steps, number });
  }

  #drawStep(): void {
    if (this.#steps) showStep({ steps: this.#steps, number: this.#number, go: (number) => this.#go(number) });
  }

  #drawNetwork(): void {
    if (!this.#run || !this.#steps) return;
    const [run, place] = [this.#run, this.#steps.places[this.#number]];
    const byStep: Show = phaseOf(place.kind) === 'backward' ? 'gradients' : 'weights';
    const show = this.#edges === 'step' ? byStep : this.#edges;
    const sample = byId<HTMLInputElement>('sample');
    sample.max = `${run.samples}`;
    sample.value = `${this.#sample + 1}`;
    byId('sample-count').textContent = `of ${run.samples}`;
    byId('legend-edges').textContent =
      show === 'weights'
        ? 'Lines are weights, circles are outputs, and what an output should be stands beside it'
        : 'Lines are gradients of weights, over all samples; circles are gradients of outputs';
    const choose = (choice: Choice) => {
      this.#choice = choice;
      this.#drawNetwork();
    };
    const common = { run, sample: this.#sample, choice: this.#choice, choose };
    const layer = place.kind === 'X' || place.kind === 'L' ? undefined : place.layer;
    drawPicture({ ...common, show, layer });
    showDetails({ ...common, formulas: this.formulas });
  }

  #summarise({ answer, request }: Computed, before: Computed | undefined): void {
    const { layers } = request.network;
    const parameters = layers.reduce(
      (sum, { weights, biases }) => sum + weights.length * weights[0].length + (biases?.length ?? 0),
      0,
    );
    const change = before && before.answer.loss !== answer.loss ? ` (before: ${Number(before.answer.loss.toPrecision(4))})` : '';
    byId('summary').replaceChildren(
      fact(
        'loss',
        el('span', { title: answer.loss, 'data-value': answer.loss, id: 'loss-value' }, `${Number(answer.loss.toPrecision(6))}`),
        change,
      ),
      fact('parameters', `${parameters}`),
      ...(answer.gradient_norms ? [fact('norm of the gradient', exact(answer.gradient_norms.total))] : []),
    );
    announce(`Computed. The loss is ${Number(answer.loss.toPrecision(4))}.`);
  }
}

function fact(name: string, ...value: (Node | string)[]): HTMLElement {
  return el('div', {}, el('dt', {}, name), el('dd', {}, ...value));
}
