// Runs the command line client as a process, and scripted servers for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import type { Test } from 'tap';

export const command = new URL('../../bin/gradients.js', import.meta.url).pathname;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment, without variables that affect the command. */
export function environment(added: Record<string, string> = {}): Record<string, string | undefined> {
  const { GRADIENTS_URL, GRADIENTS_API_KEY, COLUMNS, NO_COLOR, FORCE_COLOR, CI, ...others } = process.env;
  return { ...others, ...added };
}

/** Runs a program to its end, with `input` on standard input. */
export async function runProgram(
  file: string,
  args: string[],
  input: string | Buffer,
  env: Record<string, string> = {},
): Promise<Outcome> {
  const child = spawn(file, args, { env: environment(env), timeout: 30_000 });
  child.stdin.on('error', () => {}).end(input);
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** Runs the command. Its coverage is not counted: it starts faster without NODE_OPTIONS, where tap puts what measures it. */
export function runCommand(args: string[], input: string | Buffer = '', env: Record<string, string> = {}): Promise<Outcome> {
  return runProgram('env', ['-u', 'NODE_OPTIONS', process.execPath, command, ...args], input, env);
}

export interface Asked {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/** A server's reaction to a request. If `early`, it is called before the body has arrived. */
export interface Step {
  (response: ServerResponse, request: IncomingMessage): void;
  early?: boolean;
}

export interface Stub {
  readonly url: string;
  readonly asked: Asked[];
  /** Stops the server. */
  close(): Promise<void>;
}

/** A server that takes one step per request, and records the requests. */
export async function startStub(t: Test, ...steps: Step[]): Promise<Stub> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const step = steps.shift() ?? answer(500, 'text/plain', 'no more steps');
    const body = step.early ? Buffer.alloc(0) : await buffer(request);
    asked.push({ request, body });
    step(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  t.teardown(close);
  return { url, asked, close };
}

export function answer(status: number, mediaType: string, body: string | Buffer, headers: Record<string, string> = {}): Step {
  return (response) => response.writeHead(status, { 'content-type': mediaType, ...headers }).end(body);
}

export function refusal(status: number, headers: Record<string, string> = {}): Step {
  return answer(status, 'application/problem+json', '{"title":"Busy","detail":"as it is"}', headers);
}

/** Closes the connection: before any answer, or in the middle of one. */
export const reset: Step = (response) => response.socket?.resetAndDestroy();
export const cutOff: Step = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"loss":', () => response.socket?.destroySoon());
};
