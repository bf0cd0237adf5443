// What every language's file makes.
import type { GradientsRequest } from '../../../schemas/gradients.ts';

/** A program that sends a request, or computes what the service would. */
export interface Snippet {
  readonly language: string;
  readonly label: string;
  readonly file: string;
  readonly text: string;
  /** What to do first. */
  readonly note?: string;
}

/** What a program is made from. */
export interface Source {
  readonly request: GradientsRequest;
  /** Where the request goes. */
  readonly url: string;
  /** Whether the request is too long for a program, which then reads it from `REQUEST_FILE`. */
  readonly large: boolean;
}

export const REQUEST_FILE = 'request.json';
