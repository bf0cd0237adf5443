// The request as code in several languages, and as a link: to copy.
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { asCode, type Snippet } from './code/as-code.ts';
import { REQUEST_FILE } from './code/snippet.ts';
import { announce, byId, el } from './dom.ts';
import { toLink } from './request/link.ts';
import { tabs } from './tabs.ts';

/** Where the service is, as the page has it. */
const origin = () => new URL('.', document.baseURI).href.replace(/\/$/, '');

/** What is written at once, in characters of JSON. */
const LARGE = 60_000;

export class Code {
  #request: GradientsRequest | undefined;
  #snippets: readonly Snippet[] | undefined;
  #selected = 0;
  #visible = false;
  /** Whether what is shown is of the request. */
  #shown = false;

  constructor() {
    byId('copy-code').addEventListener('click', () => {
      const snippet = this.#snippet();
      if (snippet) copy(snippet.text, `${snippet.label} copied`);
    });
    byId('save-code').addEventListener('click', () => {
      const snippet = this.#snippet();
      if (snippet) save(snippet.file, snippet.text);
    });
    byId('save-request').addEventListener('click', () => save(REQUEST_FILE, JSON.stringify(this.#request)));
    // Of a large request it is not written before somebody comes to see it.
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#visible = isIntersecting;
      this.#fill();
    }).observe(byId('code'));
  }

  set(request: GradientsRequest): void {
    this.#request = request;
    this.#snippets = undefined;
    this.#shown = false;
    this.#fill();
  }

  #snippet(): Snippet | undefined {
    if (!this.#request) return undefined;
    this.#snippets ??= asCode(this.#request, origin());
    return this.#snippets[this.#selected];
  }

  #fill(): void {
    if (!this.#request || this.#shown) return;
    if (!this.#visible && JSON.stringify(this.#request).length > LARGE) {
      byId('code-text').textContent = '';
      return;
    }
    this.#shown = true;
    this.#snippet();
    const snippets = this.#snippets as unknown as readonly Snippet[];
    const { list, select } = tabs(
      'Language',
      snippets.map(({ label }, i) => ({ id: `code-${i}`, label })),
      () => 'code-panel',
      (id) => {
        this.#selected = snippets.findIndex((_, i) => `code-${i}` === id);
        byId('code-panel').setAttribute('aria-labelledby', `tab-${id}`);
        this.#show(snippets[this.#selected]);
      },
    );
    byId('code-tabs').replaceChildren(list);
    select(`code-${this.#selected}`);
  }

  #show({ text, file, note }: Snippet): void {
    byId('code-file').textContent = file;
    byId('code-note').textContent = note ?? '';
    byId('code-text').textContent = text;
    byId('code-scroller').tabIndex = 0;
  }
}

/** Copies a link that holds the request, and makes it the page's address. */
export async function copyLink(request: unknown): Promise<void> {
  const status = byId('link-status');
  try {
    const link = await toLink(request, location.href);
    history.replaceState(null, '', link);
    await copy(link, 'Link copied: it holds the whole request');
  } catch (error) {
    status.textContent = (error as Error).message;
  }
}

async function copy(text: string, done: string): Promise<void> {
  const status = byId('link-status');
  try {
    await navigator.clipboard.writeText(text);
    status.textContent = done;
    announce(done);
  } catch {
    // Without HTTPS, or if the browser's user says no.
    const area = el('textarea', { class: 'unseen', 'aria-hidden': true }, text);
    document.body.append(area);
    area.select();
    status.textContent = document.execCommand('copy') ? done : 'The browser lets nothing be copied here';
    area.remove();
  }
}

/** Has the browser keep a text as a file. */
export function save(file: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text]));
  el('a', { href: url, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
