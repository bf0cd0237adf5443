// Which media type a client prefers.
import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** Parameters of media ranges other than the quality, such as a charset. They do not affect the choice. */
const PARAMETER = /;(?!\s*q=)(?:"[^"]*"|[^;,"])*/gi;

/** The media type of `types` that the Accept header prefers (RFC 9110); the first one if the header is missing. */
export function preferred<MediaType extends string>(request: FastifyRequest, types: readonly MediaType[]): MediaType | undefined {
  const given = request.headers.accept ?? '*/*';
  if (given === '*/*') return types[0];
  const named = types.find((type) => type === given);
  if (named) return named;
  const accept = given.replace(PARAMETER, '') || '*/*';
  return new Negotiator({ headers: { accept } }).mediaType([...types]) as MediaType | undefined;
}
