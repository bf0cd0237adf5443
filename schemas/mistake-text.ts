// What the catalogue says about a mistake.
export interface MistakeText {
  /** The mistake in one line. */
  readonly title: string;
  /** The wrong and the right line in NumPy. W is outputs x inputs, samples are rows. */
  readonly wrong: string;
  readonly right: string;
  /** How to recognise it. */
  readonly sign: string;
  readonly remedy: string;
}
