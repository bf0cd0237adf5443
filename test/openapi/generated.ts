// What generated clients are asked, and what they have to print.
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { examples } from '../../schemas/examples.ts';

const { article, trace } = examples;

/** The options of the TypeScript compiler for a generated client and its program. */
export const compilerOptions: readonly string[] = [
  ...['--strict', '--ignoreConfig', '--types', 'node', '--typeRoots', join(import.meta.dirname, '../../node_modules/@types')],
  ...['--target', 'esnext', '--module', 'commonjs', '--moduleResolution', 'bundler', '--outDir', 'out', '--rootDir', '.'],
];

const wrong = { ...article.request, batch: { ...article.request.batch, inputs: article.request.batch.inputs.slice(1) } };

/** The requests: the article's, one with options of an activation and a loss, and one that is refused. */
const requests: readonly object[] = [article.request, trace.request, wrong];

/** The requests, one a line. `asObjects`: an activation or a loss is never a name, but an object with that type. */
export function linesOfRequests(asObjects = false): string {
  const reviver = (key: string, value: unknown) =>
    asObjects && ['activation', 'loss'].includes(key) && typeof value === 'string' ? { type: value } : value;
  return requests.map((request) => `${JSON.stringify(JSON.parse(JSON.stringify(request), reviver))}\n`).join('');
}

/** What is wrong with the printed answers; undefined if nothing is. */
export function difference(printed: string): string | undefined {
  const [first, second, problem] = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const [answer, expected] of [
    [first, article.answer],
    [second, trace.answer],
  ])
    for (const key of Object.keys(expected))
      if (!isDeepStrictEqual(answer[key], expected[key])) return `${key} is ${JSON.stringify(answer[key])?.slice(0, 200)}`;
  const [error] = problem?.errors ?? [];
  const isRight =
    problem?.type === '/problems/shape-mismatch' && problem.status === 422 && error?.pointer.startsWith('/batch/inputs');
  return isRight ? undefined : `the problem is ${JSON.stringify(problem)}`;
}
