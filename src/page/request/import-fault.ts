// Why a file or a text cannot be opened: a sentence in whichever language the page is read.
import type { Dictionary } from '../text/en.ts';

export type Message = (t: Dictionary['imports']) => string;

export class ImportFault extends Error {
  readonly text: Message;

  constructor(text: Message) {
    super('the network cannot be read');
    this.text = text;
  }
}
