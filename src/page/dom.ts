// What the page builds elements with.

type Attribute = string | number | boolean | undefined | ((event: Event) => void);

export type Child = Node | string | undefined;

/** An element. An attribute that is a function listens to the event of its name; true is there without a value, false and undefined are not. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : `${value}`);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** The element of index.html that has an id. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html lacks #${id}`);
  return element as Type;
}

/** Where the page stands with its request, for style and tests: data-state of the body. */
export function setPhase(phase: 'waiting' | 'unreadable' | 'sending' | 'answered' | 'refused' | 'cancelled'): void {
  document.body.dataset.state = phase;
}

/** Says something to those who do not see the page; the same again is said again. */
export function announce(text: string): void {
  const region = byId('announcer');
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

/** Takes the keyboard from what was clicked with a pointer: arrow keys then go on with the steps. */
export function releaseKeys({ detail }: MouseEvent): void {
  // A click that came from a key has no count.
  if (detail > 0 && document.activeElement instanceof Element) (document.activeElement as HTMLElement | SVGElement).blur();
}

/** Gives the browser a frame to draw what there is. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
