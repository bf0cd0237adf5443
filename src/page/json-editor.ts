// The request as text: #json, with a number for each line, and marks at those that are wrong.
import { byId, el, setPhase } from './dom.ts';
import type { Located } from './problems.ts';
import { syntaxFault } from './request/json-syntax.ts';
import { format, lineOf, offsetOf } from './request/json-text.ts';

/** A longer text is shown only when somebody wants to see it, in characters. */
const LONG = 300_000;

/** How long nothing is typed before the text counts, in milliseconds. */
const PAUSE = 350;

export class JsonEditor {
  readonly #area = byId<HTMLTextAreaElement>('json');
  readonly #lines = byId('json-lines');
  readonly #errors = byId('json-errors');
  #request: unknown;
  #visible = false;
  #stale = true;
  /** The text that the request is from. */
  #read = '';
  #problems: readonly Located[] = [];

  /** `change` gets the document whenever the text is one. */
  constructor(change: (document: unknown) => void) {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      clearTimeout(waiting);
      // It also counts as changed when it is left.
      if (this.#area.value === this.#read) return;
      this.#read = this.#area.value;
      const wrong = syntaxFault(this.#area.value);
      this.#number([]);
      if (wrong) {
        setPhase('unreadable');
        this.#showErrors([wrong]);
      } else {
        this.#request = JSON.parse(this.#area.value);
        change(this.#request);
      }
    };
    this.#area.addEventListener('input', () => {
      clearTimeout(waiting);
      setPhase('waiting');
      waiting = setTimeout(read, PAUSE);
    });
    this.#area.addEventListener('change', read);
    this.#area.addEventListener('scroll', () => {
      this.#lines.scrollTop = this.#area.scrollTop;
    });
    byId('json-show').addEventListener('click', () => this.#fill());
  }

  /** Takes a request that was changed elsewhere. */
  set(request: unknown): void {
    this.#request = request;
    this.#problems = [];
    this.#stale = true;
    if (this.#visible) this.#offer();
  }

  show(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#stale) this.#offer();
  }

  #offer(): void {
    const { length } = JSON.stringify(this.#request);
    const long = length > LONG;
    byId('json-long').hidden = !long;
    byId('json-frame').hidden = long;
    byId('json-size').textContent = `${(length / 1e6).toFixed(1)} MB`;
    if (!long) this.#fill();
  }

  #fill(): void {
    byId('json-long').hidden = true;
    byId('json-frame').hidden = false;
    this.#area.value = format(this.#request);
    this.#read = this.#area.value;
    this.#stale = false;
    this.showProblems(this.#problems);
  }

  /** Says what is wrong, each at its line. */
  showProblems(errors: readonly Located[]): void {
    this.#problems = errors;
    if (this.#stale) return;
    const text = this.#area.value;
    if (syntaxFault(text)) return;
    this.#showErrors(errors.map(({ pointer, detail }) => ({ detail: `${pointer}: ${detail}`, offset: offsetOf(text, pointer) })));
  }

  /** Puts the cursor at what a pointer names. */
  goTo(pointer: string): void {
    if (this.#stale) this.#fill();
    this.#select(offsetOf(this.#area.value, pointer));
  }

  #select(offset: number): void {
    const text = this.#area.value;
    const end = text.indexOf('\n', offset);
    this.#area.focus();
    this.#area.setSelectionRange(offset, end < 0 ? text.length : end);
    const lineHeight = Number.parseFloat(getComputedStyle(this.#area).lineHeight);
    this.#area.scrollTop = (lineOf(text, offset) - 4) * lineHeight;
  }

  #showErrors(errors: readonly { detail: string; offset: number }[]): void {
    const text = this.#area.value;
    const located = errors.map((error) => ({ ...error, line: lineOf(text, error.offset) }));
    this.#number(located.map(({ line }) => line));
    this.#area.setAttribute('aria-invalid', `${errors.length > 0}`);
    const items = located.map(({ detail, offset, line }) =>
      el(
        'li',
        { 'data-line': line },
        el('button', { type: 'button', class: 'link', click: () => this.#select(offset) }, `line ${line}`),
        ` ${detail}`,
      ),
    );
    this.#errors.replaceChildren(...items);
  }

  /** Numbers the lines, those of the errors marked. */
  #number(wrong: readonly number[]): void {
    const count = this.#area.value.split('\n').length;
    const marked = new Set(wrong);
    const nodes: (Node | string)[] = [];
    let plain = '';
    for (let line = 1; line <= count; line++) {
      if (marked.has(line)) {
        nodes.push(plain, el('mark', {}, `${line}`));
        plain = '\n';
      } else plain += `${line}\n`;
    }
    this.#lines.replaceChildren(...nodes, plain);
    this.#lines.scrollTop = this.#area.scrollTop;
  }
}
