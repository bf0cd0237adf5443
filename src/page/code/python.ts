// The request in Python, with the standard library alone.
import { type Dialect, literal, quoted } from './literal.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

export const python: Dialect = { true: 'True', false: 'False', null: 'None', key: quoted };

export function pythonClient({ request, url, large }: Source): Snippet {
  const body = large ? `json.load(open("${REQUEST_FILE}", encoding="utf-8"))` : literal(request, python);
  const text = String.raw`# The gradients from the service, with the standard library alone.
import json
import sys
import urllib.error
import urllib.request

request = ${body}

call = urllib.request.Request(
    ${quoted(url)},
    json.dumps(request).encode(),
    {"Content-Type": "application/json"},
)
try:
    with urllib.request.urlopen(call) as response:
        answer = json.load(response)
except urllib.error.HTTPError as error:
    text = error.read().decode()
    problem = json.loads(text) if text.startswith("{") else {"title": text}
    found = [f'{each["pointer"]}: {each["detail"]}' for each in problem.get("errors", [])]
    sys.exit("\n".join([f'{error.code} {problem["title"]}', problem.get("detail", ""), *found]))

print("loss", answer["loss"])
for k, layer in enumerate(answer["gradients"]):
    for name, gradient in layer.items():
        print(f"layer {k} {name}", gradient)
`;
  return { language: 'python', label: 'Python', file: 'gradients.py', text };
}
