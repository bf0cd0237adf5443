// Tabs: a list of buttons, one of which says what is shown.
import { el } from './dom.ts';

export interface Tab {
  readonly id: string;
  readonly label: string;
}

export interface Tabs {
  readonly list: HTMLElement;
  select(id: string): void;
}

/** Tabs for panels; `panelOf` names the panel's id, and `show` is told when one is chosen. */
export function tabs(label: string, all: readonly Tab[], panelOf: (id: string) => string, show: (id: string) => void): Tabs {
  const buttons = all.map((tab) =>
    el(
      'button',
      { type: 'button', role: 'tab', id: `tab-${tab.id}`, 'aria-controls': panelOf(tab.id), click: () => select(tab.id) },
      tab.label,
    ),
  );
  const select = (id: string) => {
    buttons.forEach((button, i) => {
      const selected = all[i].id === id;
      button.setAttribute('aria-selected', `${selected}`);
      button.tabIndex = selected ? 0 : -1;
    });
    show(id);
  };
  const list = el('div', { role: 'tablist', 'aria-label': label, class: 'tabs' }, ...buttons);
  list.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 };
    const to = moves[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (to + buttons.length) % buttons.length;
    select(all[next].id);
    buttons[next].focus();
  });
  return { list, select };
}
