// The media types of requests and answers, with their codecs.
import type { Codec } from './codec.ts';
import * as json from './json.ts';
import * as safetensors from './safetensors.ts';

export const codecs = {
  'application/json': json,
  'application/vnd.safetensors': safetensors,
} satisfies Record<string, Codec>;

export type MediaType = keyof typeof codecs;

export const mediaTypes = Object.keys(codecs) as MediaType[];
