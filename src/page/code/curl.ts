// The request by curl, for a POSIX shell.
import { literal } from './literal.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

export function curl({ request, url, large }: Source): Snippet {
  const quoted = `'${url.replaceAll("'", "'\\''")}'`;
  const body = large ? `@${REQUEST_FILE}` : `@- <<'END'\n${literal(request)}\nEND`;
  const text = `# Prints the answer as JSON; where there is none, the problem, and ends with a status other than 0.
curl --silent --show-error --fail-with-body ${quoted} \\
  --header 'Content-Type: application/json' --data-binary ${body}
`;
  return { language: 'sh', label: 'curl', file: 'gradients.sh', text };
}
