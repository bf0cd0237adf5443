// Copies a text, and says so.
import { signal } from '@preact/signals';
import { text } from '../text/text.ts';
import { announce } from './parts.tsx';

/** What was said last of copying. */
export const copyStatus = signal('');

export async function copy(copied: string, what: string): Promise<void> {
  const t = text.value.ui;
  try {
    await navigator.clipboard.writeText(copied);
    copyStatus.value = t.copied(what);
  } catch {
    // Without HTTPS, or if the visitor does not allow it.
    const area = document.createElement('textarea');
    area.className = 'unseen';
    area.value = copied;
    document.body.append(area);
    area.select();
    copyStatus.value = document.execCommand('copy') ? t.copied(what) : t.copyFailed;
    area.remove();
  }
  announce(copyStatus.value);
}
