// The request in JavaScript, for Node and for the console of a browser.
import { type Dialect, json, literal, quoted } from './literal.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

/** In a literal, the key __proto__ would be the object's prototype. */
const javascript: Dialect = { ...json, key: (text) => (text === '__proto__' ? `["__proto__"]` : quoted(text)) };

export function javascriptClient({ request, url, large }: Source): Snippet {
  const body = large
    ? `JSON.parse(await (await import('node:fs/promises')).readFile('${REQUEST_FILE}', 'utf8'))`
    : literal(request, javascript);
  const text = `// The gradients from the service, in Node${large ? '' : " or in a browser's console"}.
const request = ${body};

const response = await fetch(${quoted(url)}, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(request),
});
const text = await response.text();
if (response.ok) {
  const answer = JSON.parse(text);
  console.log('loss', answer.loss);
  for (const [k, layer] of answer.gradients.entries()) {
    for (const [name, gradient] of Object.entries(layer)) console.log(\`layer \${k} \${name}\`, JSON.stringify(gradient));
  }
} else {
  const problem = text.startsWith('{') ? JSON.parse(text) : { title: text };
  console.error(response.status, problem.title);
  console.error(problem.detail ?? '');
  for (const { pointer, detail } of problem.errors ?? []) console.error(\`\${pointer}: \${detail}\`);
  if (globalThis.process) process.exitCode = 1;
}
`;
  return { language: 'javascript', label: 'JavaScript', file: 'gradients.mjs', text };
}
