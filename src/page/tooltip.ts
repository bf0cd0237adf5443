// What is written beside the pointer, or the cell that has the keyboard: a number in full.
import { byId } from './dom.ts';

/** Shows a text at a place of the window. */
export function showTooltip(text: string, x: number, y: number): void {
  const tooltip = byId('tooltip');
  tooltip.textContent = text;
  tooltip.hidden = false;
  const { width, height } = tooltip.getBoundingClientRect();
  tooltip.style.left = `${Math.max(4, Math.min(x + 14, document.documentElement.clientWidth - width - 4))}px`;
  tooltip.style.top = `${y + 18 + height > window.innerHeight ? y - height - 10 : y + 18}px`;
}

export function hideTooltip(): void {
  byId('tooltip').hidden = true;
}
