// Requests other than calculations: datasets, jobs, mistakes.
import type { Problem } from '../request/problem.ts';
import { apiKey } from '../state.ts';
import { text } from '../text/text.ts';

export interface Asked {
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request to a path, relative to where the page is. An empty answer is undefined. */
export async function ask<Answer>(
  method: string,
  path: string,
  { body, headers = {} }: Asked = {},
): Promise<{ readonly answer: Answer } | { readonly problem: Problem }> {
  const authorization = apiKey.value && { Authorization: `Bearer ${apiKey.value}` };
  let response: Response;
  let content: unknown;
  try {
    response = await fetch(new URL(path, window.document.baseURI), {
      method,
      headers: { Accept: 'application/json', ...authorization, ...headers },
      ...(body !== undefined && { body }),
    });
    const received = await response.text();
    content = received === '' ? undefined : parsed(received);
  } catch {
    return { problem: text.value.request.noAnswer };
  }
  if (response.ok) return { answer: content as Answer };
  return { problem: { ...text.value.request.proxy(response.status), status: response.status, ...(content as object) } };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
