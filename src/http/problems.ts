// Turns errors into problem documents (RFC 9457).
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ProblemType, problems, type Refused } from '../../schemas/problem.ts';
import { Refusal } from '../refusal.ts';
import { mediaTypes } from '../wire/codecs.ts';
import { contentEncodings } from './content-encoding.ts';

/** Extra headers of a problem, by its type. */
const headersOf: Partial<Record<ProblemType, Record<string, string>>> = {
  unauthorized: { 'www-authenticate': 'Bearer realm="gradients"' },
  'unsupported-media-type': { 'accept-encoding': contentEncodings.join(', ') },
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The problem document of a problem type. */
export function problemOf(type: ProblemType, refused: Refused) {
  const { status, title } = problems[type];
  return { type: `/problems/${type}`, title, status, ...refused };
}

/** A serializer for text that is JSON already. Without it Fastify adds a charset to the media type; JSON has none (RFC 8259). */
export const asItIs = (text: unknown) => text as string;

/** Answers with a problem document. The rest of the request's body is left unread. */
export function sendProblem(reply: FastifyReply, type: ProblemType, refused: Refused): FastifyReply {
  const { request } = reply;
  request.exchange.problem = type;
  request.server.unreadBodies.leave(request, reply);
  if (type === 'unsupported-media-type' && request.method === 'POST') reply.header('accept-post', mediaTypes.join(', '));
  return (
    reply
      .headers(headersOf[type] ?? {})
      // Set here too: hooks do not run for malformed URLs.
      .header('x-request-id', request.id)
      .code(problems[type].status)
      .type(PROBLEM_MEDIA_TYPE)
      .serializer(asItIs)
      .send(JSON.stringify(problemOf(type, refused)))
  );
}

/** Answers errors thrown by handlers, hooks or Fastify itself. Internal errors are logged, and not disclosed to the client. */
export function handleError(error: FastifyError | Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) {
    if (error.cause) request.log.warn({ reqId: request.id, err: error.cause }, error.message);
    if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
    return sendProblem(reply, error.type, error.refused);
  }
  const known = refusedBefore[error.code];
  if (known) {
    const { type, detail } = known(request);
    return sendProblem(reply, type, { detail });
  }
  if (error.statusCode === FORBIDDEN) return handleNotFound(request, reply);
  request.log.error({ reqId: request.id, err: error }, error.message);
  return sendProblem(reply, 'internal', { detail: `the log has the cause, under the request id ${request.id}` });
}

/** Status from the documentation's file server for a path outside its folder. */
const FORBIDDEN = 403;

type Explanation = (request: FastifyRequest) => { type: ProblemType; detail: string };

const notFound: Explanation = ({ url, server }) => {
  const path = pathMeant(url, server.paths);
  const hint = path === undefined ? '' : `: the path is ${path}`;
  return { type: 'not-found', detail: `there is nothing at ${url.slice(0, SHOWN_CHARACTERS)}${hint}` };
};

/** The most characters of a URL to quote, or to compare. */
const SHOWN_CHARACTERS = 200;

/** The path that a client probably meant: without slashes too many, in lower case, without a prefix, or in the plural. */
function pathMeant(url: string, paths: ReadonlySet<string>): string | undefined {
  const given = url.slice(0, SHOWN_CHARACTERS).replace(/[?#].*$/s, '');
  const keys = given.split('/').filter((key) => key !== '');
  const [top, type] = keys;
  if (top === 'problems' && keys.length === 2 && given !== `/problems/${type}`) return `/problems/${type}`;
  for (let i = 0; i < keys.length; i++) {
    const path = `/${keys.slice(i).join('/')}`.toLowerCase();
    for (const known of [path, `${path}s`, path.replace(/s$/, '')]) if (paths.has(known)) return known;
  }
  return undefined;
}

/** Errors by which Fastify or Node refuses a request before its handler runs, by code. */
const refusedBefore: Record<string, Explanation> = {
  // The client has disconnected and gets no answer; this keeps the log from reporting an internal error.
  ECONNRESET: () => ({ type: 'malformed-body', detail: 'the client went away before the end of the body' }),
  FST_ERR_BAD_URL: notFound,
};

export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { type, detail } = notFound(request);
  return sendProblem(reply, type, { detail });
}

/** Problem types of errors of Node's HTTP parser, by code; all others are `malformed-request`. */
const refusedByParser: Record<string, ProblemType> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The problem type of an error of Node's HTTP parser. */
export function problemOfParser(code: string): ProblemType {
  return refusedByParser[code] ?? 'malformed-request';
}

/** A problem as the text of a whole HTTP response that closes the connection. */
export function responseTo(type: ProblemType, detail: string): string {
  const { status } = problems[type];
  const body = JSON.stringify(problemOf(type, { detail }));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
