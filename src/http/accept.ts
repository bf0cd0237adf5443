// Which media type a client prefers.
import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** Parameters of media ranges other than their quality, such as a charset: they make no difference to any of the answers. */
const PARAMETER = /;(?!\s*q=)(?:"[^"]*"|[^;,"])*/gi;

/** The one of `types` that the Accept header prefers, by RFC 9110; the first of them if there is no such header. */
export function preferred<MediaType extends string>(request: FastifyRequest, types: readonly MediaType[]): MediaType | undefined {
  const given = request.headers.accept;
  const named = types.find((type) => type === given);
  if (named) return named;
  const accept = given?.replace(PARAMETER, '') || '*/*';
  return new Negotiator({ headers: { accept } }).mediaType([...types]) as MediaType | undefined;
}
