// Which media type a client prefers.
import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { Refusal } from '../refusal.ts';

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

/**
 * The same for an answer that has to be one of `types`.
 * @throws Refusal `not-acceptable`.
 */
export function accepted<MediaType extends string>(request: FastifyRequest, types: readonly MediaType[]): MediaType {
  const type = preferred(request, types);
  if (type) return type;
  throw new Refusal('not-acceptable', { detail: `there is ${types.join(', ')}; Accept is ${request.headers.accept}` });
}
