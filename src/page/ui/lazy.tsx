// A component that is loaded when it is first shown.
import { signal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { text } from '../text/text.ts';
import { LinkButton } from './parts.tsx';

export type Load = () => Promise<{ default: ComponentType }>;

/** Makes a component of one that is loaded later. */
export function lazy(load: Load): ComponentType {
  const loaded = signal<ComponentType | 'failed' | undefined>(undefined);
  let started = false;
  const start = async () => {
    try {
      loaded.value = (await load()).default;
    } catch {
      // The service has been updated since, or cannot be reached.
      loaded.value = 'failed';
    }
  };
  return function Lazy(): JSX.Element {
    if (!started) {
      started = true;
      start();
    }
    const Loaded = loaded.value;
    const t = text.value.ui;
    if (Loaded === undefined) return <p class="hint">{t.loading}</p>;
    if (Loaded !== 'failed') return <Loaded />;
    return (
      <p class="error">
        {t.loadFailed} <LinkButton onClick={() => location.reload()}>{t.reload}</LinkButton>
      </p>
    );
  };
}
