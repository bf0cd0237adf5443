// Sends mutants over keep-alive connections or, if the framing is invalid, over a new connection.
import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Mutant } from './mutant.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Sent = Pick<Mutant, 'operation' | 'headers' | 'body' | 'framing'>;

/** Sends a request with valid framing. */
export async function exchange(url: URL, agent: Agent, { operation, headers, body, framing }: Sent): Promise<Answer> {
  const length = framing === 'length' ? { 'content-length': body.length } : {};
  const sent = request(new URL(`/${operation}`, url), { method: 'POST', agent, headers: { ...headers, ...length } });
  const answered = once(sent, 'response');
  if (framing === 'chunked') for (let at = 0; at < body.length; at += 1000) sent.write(body.subarray(at, at + 1000));
  sent.end(framing === 'length' ? body : undefined);
  const [response] = await answered;
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

/** The bytes of a whole request. */
export function wireBytes({ operation, headers, body, framing }: Sent): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const chunked = ['chunked', 'broken chunks', 'both'].includes(framing);
  const lengths = { short: Math.floor(body.length / 2), long: body.length + 10 };
  if (framing in lengths || !chunked || framing === 'both')
    lines.push(`content-length: ${lengths[framing as 'short'] ?? body.length}`);
  if (chunked) lines.push('transfer-encoding: chunked');
  const head = Buffer.from([`POST /${operation} HTTP/1.1`, 'host: a', ...lines, '', ''].join('\r\n'), 'latin1');
  if (!chunked) return Buffer.concat([head, body]);
  const size = framing === 'broken chunks' ? 'xyz' : body.length.toString(16);
  return Buffer.concat([head, Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
}

/** Sends bytes over a new connection, ends it, and returns all answers. */
export async function exchangeBytes({ port, hostname }: URL, bytes: Buffer): Promise<Answer[]> {
  const socket = connect({ port: Number(port), host: hostname });
  socket.end(bytes);
  return answersIn(await buffer(socket));
}

const HEAD_END = '\r\n\r\n';

/** Parses the answers received on a connection that has ended. */
export function answersIn(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(HEAD_END, at);
    const [statusLine, ...lines] = bytes.toString('latin1', at, end).split('\r\n');
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine);
    if (end < 0 || !status) throw new Error(`no HTTP: ${JSON.stringify(bytes.toString('latin1', at, at + 80))}`);
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    at = end + HEAD_END.length;
    const interim = status[1] === '100';
    const { body, end: next } = interim ? { body: Buffer.alloc(0), end: at } : bodyAt(bytes, at, headers);
    if (!interim) answers.push({ status: Number(status[1]), headers, body });
    at = next;
  }
  return answers;
}

function bodyAt(bytes: Buffer, start: number, headers: IncomingHttpHeaders): { body: Buffer; end: number } {
  if (headers['transfer-encoding'] !== 'chunked') {
    const end = start + Number(headers['content-length'] ?? bytes.length - start);
    return { body: bytes.subarray(start, end), end };
  }
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2 + size + 2;
    if (!(size > 0)) return { body: Buffer.concat(chunks), end: at };
    chunks.push(bytes.subarray(lineEnd + 2, at - 2));
  }
}
