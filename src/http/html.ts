// HTML pages for visitors with a browser.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { preferred } from './accept.ts';
import { type Language, languages } from './language.ts';

/** A piece of HTML. html`…` inserts it unchanged, and escapes strings. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Insert = string | Html | Html[];

export function html(strings: TemplateStringsArray, ...inserts: Insert[]): Html {
  return new Html(String.raw({ raw: strings }, ...inserts.map(render)));
}

function render(insert: Insert): string {
  if (insert instanceof Html) return insert.text;
  if (Array.isArray(insert)) return insert.map(render).join('');
  return insert.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** The negotiated language; undefined: the page is in English only. */
  readonly language?: Language;
}

/** Answers with HTML if the client prefers it, as browsers do; otherwise with `document` as JSON. */
export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  document: object,
  { title, body, language }: Page,
): FastifyReply {
  reply.header('vary', language ? 'accept, accept-language' : 'accept');
  if (preferred(request, ['application/json', 'text/html']) !== 'text/html') return reply.send(document);
  const page = html`<!doctype html>
<html lang="${languages[language ?? 'en'].tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
pre { background: #f4f4f4; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-size: .9rem; }
table { border-collapse: collapse; }
td { padding: .25rem 1rem .25rem 0; vertical-align: top; }
nav { text-align: right; }
</style>
</head>
<body>
${language ? html`<nav>${otherLanguages(language)}</nav>\n` : ''}${body}
</body>
</html>
`;
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .send(page.text);
}

/** Links to the same page in the other languages. */
function otherLanguages(language: Language): Html[] {
  const others = Object.entries(languages).filter(([name]) => name !== language);
  return others.map(([name, { tag, own }]) => html`<a href="?lang=${name}" hreflang="${tag}" lang="${tag}">${own}</a>`);
}

/** The OpenAPI description of an answer that is JSON or HTML. */
export function pageResponse(description: string, schema: object, example: object) {
  return { description, content: { 'application/json': { schema, example }, 'text/html': { schema: { type: 'string' } } } };
}
