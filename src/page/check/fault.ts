// What is wrong with a pasted text: a sentence in whichever language the page is read.
import type { Dictionary } from '../text/en.ts';

export type Texts = Dictionary['check'];

/** A sentence of the dictionary, with what it is about. */
export type Message = (t: Texts) => string;

export class PasteFault extends Error {
  readonly text: Message;

  constructor(text: Message) {
    super('the pasted text cannot be read');
    this.text = text;
  }
}
