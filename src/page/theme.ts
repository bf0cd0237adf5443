// Light or dark: as the system has it, until somebody chooses.
import { byId } from './dom.ts';

const KEY = 'theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** Sets the theme, and calls `changed` whenever colours are others. */
export function watchTheme(changed: () => void): void {
  const button = byId('theme');
  const show = () => {
    const dark = isDark();
    button.setAttribute('aria-pressed', `${dark}`);
    changed();
  };
  const chosen = recall();
  if (chosen) document.documentElement.dataset.theme = chosen;
  button.setAttribute('aria-pressed', `${isDark()}`);
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    remember(theme);
    show();
  });
  system.addEventListener('change', show);
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : system.matches;
}

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
