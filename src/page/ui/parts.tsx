// Small parts of the page: numbers, tabs, announcements, and what is measured of an element.
import { signal } from '@preact/signals';
import type { ButtonHTMLAttributes, ComponentChildren, JSX, RefObject, TargetedKeyboardEvent } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { digits } from '../state.ts';
import { short } from './matrix.ts';

/** A number to as many digits as are chosen, or fewer. */
export function show(value: number, most: number = 17): string {
  return short(value, digits.value === 'all' ? (most < 17 ? most : 'all') : Math.min(digits.value, most));
}

/** A number, with all of its digits behind it. */
export function Value({ of, id }: { of: number; id?: string }): JSX.Element {
  return (
    <span title={`${of}`} data-value={of} id={id}>
      {show(of)}
    </span>
  );
}

/** The line of headings of a table. */
export function Headings({ names }: { names: readonly string[] }): JSX.Element {
  return (
    <tr>
      {names.map((name) => (
        <th scope="col" key={name}>
          {name}
        </th>
      ))}
    </tr>
  );
}

export interface Tab {
  readonly id: string;
  readonly label: string;
}

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly selected: string;
  readonly panel: string;
  select(id: string): void;
}

/** A list of tabs, one of which says what the element with the id `panel` shows. */
export function Tabs({ label, tabs, selected, panel, select }: TabsProps): JSX.Element {
  const move = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const at = tabs.findIndex(({ id }) => id === selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const { id } = tabs[(to + tabs.length) % tabs.length];
    select(id);
    document.getElementById(`tab-${id}`)?.focus();
  };
  return (
    <div role="tablist" aria-label={label} class="tabs" onKeyDown={move}>
      {tabs.map((tab) => (
        <button
          type="button"
          role="tab"
          key={tab.id}
          id={`tab-${tab.id}`}
          aria-controls={panel}
          aria-selected={tab.id === selected}
          tabIndex={tab.id === selected ? 0 : -1}
          onClick={() => select(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

const announcement = signal('');

/** Says something to those who do not see the page; the same again is said again. */
export function announce(text: string): void {
  announcement.value = '';
  requestAnimationFrame(() => {
    announcement.value = text;
  });
}

export function Announcer(): JSX.Element {
  return (
    <div class="unseen" role="status">
      {announcement.value}
    </div>
  );
}

interface Hint {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** What is written beside the pointer, or beside the cell of a canvas that has the keyboard. */
export const hint = signal<Hint | undefined>(undefined);

export function Tooltip(): JSX.Element | null {
  if (!hint.value) return null;
  const { text, x, y } = hint.value;
  const right = x > innerWidth / 2;
  const low = y > innerHeight - 80;
  return (
    <div
      id="tooltip"
      style={{
        left: right ? 'auto' : `${x + 14}px`,
        right: right ? `${innerWidth - x + 10}px` : 'auto',
        top: low ? 'auto' : `${y + 18}px`,
        bottom: low ? `${innerHeight - y + 10}px` : 'auto',
      }}
    >
      {text}
    </div>
  );
}

/** Whether the window has room for the picture beside a view, which then fill it; as in frame.css. */
const wideQuery = matchMedia('(min-width: 64rem) and (min-height: 36rem)');
export const wide = signal(wideQuery.matches);
wideQuery.addEventListener('change', ({ matches }) => {
  wide.value = matches;
});

/** The size of an element, now and whenever it changes. */
export function useSize(of: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = of.current as HTMLElement;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);
  return size;
}

/** Whether an element is narrower than what is in it. */
export function useOverflow(of: RefObject<HTMLElement | null>): boolean {
  const [overflows, setOverflows] = useState(false);
  const { width } = useSize(of);
  useLayoutEffect(() => setOverflows((of.current?.scrollWidth ?? 0) > width));
  return overflows;
}

/** A button that looks like a link. */
export function LinkButton({ children, ...rest }: ButtonHTMLAttributes & { children: ComponentChildren }): JSX.Element {
  return (
    <button type="button" class="link" {...rest}>
      {children}
    </button>
  );
}

/** Takes the keyboard from what was clicked with a pointer: arrow keys then go on with the steps. */
export function releaseKeys({ detail }: MouseEvent): void {
  // A click that came from a key has no count.
  if (detail > 0 && document.activeElement instanceof Element) (document.activeElement as HTMLElement | SVGElement).blur();
}

/** Where an arrow key goes in a matrix. */
export function arrow(key: string): readonly [down: number, right: number] | undefined {
  const moves: Record<string, readonly [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  return moves[key];
}
