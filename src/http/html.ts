// HTML pages for visitors with a browser.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { preferred } from './accept.ts';

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

/** Answers with HTML if the client prefers it, as browsers do; otherwise with `document` as JSON. */
export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  document: object,
  title: string,
  body: Html,
): FastifyReply {
  reply.header('vary', 'accept');
  if (preferred(request, ['application/json', 'text/html']) !== 'text/html') return reply.send(document);
  const page = html`<!doctype html>
<html lang="en">
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
</style>
</head>
<body>
${body}
</body>
</html>
`;
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .send(page.text);
}

/** The OpenAPI description of an answer that is JSON or HTML. */
export function pageResponse(description: string, schema: object, example: object) {
  return { description, content: { 'application/json': { schema, example }, 'text/html': { schema: { type: 'string' } } } };
}
