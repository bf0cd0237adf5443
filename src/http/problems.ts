// From what went wrong to the problem document (RFC 9457) that says so.
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ProblemType, problems, type Refused } from '../../schemas/problem.ts';
import { Refusal } from '../refusal.ts';
import { mediaTypes } from '../wire/codecs.ts';
import { contentEncodings } from './content-encoding.ts';
import { leaveUnread } from './unread.ts';

/** What a problem says in headers. */
const headersOf: Partial<Record<ProblemType, Record<string, string>>> = {
  unauthorized: { 'www-authenticate': 'Bearer realm="gradients"' },
  'unsupported-media-type': { 'accept-post': mediaTypes.join(', '), 'accept-encoding': contentEncodings.join(', ') },
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The problem document. */
export function problemOf(type: ProblemType, refused: Refused) {
  const { status, title } = problems[type];
  return { type: `/problems/${type}`, title, status, ...refused };
}

export function sendProblem(reply: FastifyReply, type: ProblemType, refused: Refused): FastifyReply {
  reply.request.report.problem = type;
  return (
    reply
      .headers(headersOf[type] ?? {})
      // The hook that gives every answer its id does not run for a URL that cannot be read.
      .header('x-request-id', reply.request.id)
      .code(problems[type].status)
      .type(PROBLEM_MEDIA_TYPE)
      .send(Buffer.from(JSON.stringify(problemOf(type, refused))))
  );
}

/** Answers whatever a handler, a hook or Fastify itself has thrown. What is not the client's doing is logged, and not told. */
export function handleError(error: FastifyError | Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  leaveUnread(request, reply);
  if (error instanceof Refusal) {
    if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
    return sendProblem(reply, error.type, error.refused);
  }
  const known = refusedBefore[error.code];
  if (known) {
    const { type, detail } = known(request);
    return sendProblem(reply, type, { detail });
  }
  if (error.statusCode === FORBIDDEN) return handleNotFound(request, reply);
  request.log.error(error);
  return sendProblem(reply, 'internal', { detail: `the log has the cause, under the request id ${request.id}` });
}

/** What the file server of the documentation says of a path out of its folder. */
const FORBIDDEN = 403;

type Explanation = (request: FastifyRequest) => { type: ProblemType; detail: string };

const notFound: Explanation = ({ url }) => ({ type: 'not-found', detail: `there is nothing at ${url.slice(0, 200)}` });

/** The errors with which Fastify or Node refuses a request before its handler runs, by their codes. */
const refusedBefore: Record<string, Explanation> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ headers }) => ({
    type: 'unsupported-media-type',
    detail: `expected the Content-Type ${mediaTypes.join(' or ')}, got ${headers['content-type'] || 'none'}`,
  }),
  // Nobody reads this answer; but the log is not to take it for a fault of the service.
  ECONNRESET: () => ({ type: 'malformed-body', detail: 'the client went away before the end of the body' }),
  FST_ERR_BAD_URL: notFound,
  FST_ERR_MAX_PARAM_LENGTH: notFound,
};

export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { type, detail } = notFound(request);
  return sendProblem(reply, type, { detail });
}

/** What Node's HTTP parser refuses, by its error codes; everything else is malformed. */
const refusedByParser: Record<string, ProblemType> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The problem with bytes that Node could not read as a request. */
export function problemOfParser(code: string): ProblemType {
  return refusedByParser[code] ?? 'malformed-request';
}

/** A problem as the text of a whole HTTP response, after which the connection ends. */
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
