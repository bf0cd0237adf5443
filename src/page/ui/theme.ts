// Light or dark: as the system has it, until somebody chooses.
import { computed, effect, signal } from '@preact/signals';

const KEY = 'theme';
const query = matchMedia('(prefers-color-scheme: dark)');
const system = signal(query.matches);
const chosen = signal(recall());

query.addEventListener('change', ({ matches }) => {
  system.value = matches;
});

export const dark = computed(() => (chosen.value ? chosen.value === 'dark' : system.value));

export function toggleDark(): void {
  chosen.value = dark.value ? 'light' : 'dark';
  remember(chosen.value);
}

effect(() => {
  if (chosen.value) document.documentElement.dataset.theme = chosen.value;
});

/** Where a browser keeps nothing for pages, the choice lasts as long as the page. */
function recall(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {}
}
