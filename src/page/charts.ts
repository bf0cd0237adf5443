// Placeholder until the charts are there.
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';

export function drawCharts(container: HTMLElement, _request: GradientsRequest, _answer: GradientsAnswer): void {
  container.replaceChildren();
}
