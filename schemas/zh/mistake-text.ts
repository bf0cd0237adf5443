// What the catalogue says about a mistake in Chinese: the lines in NumPy only where they have a comment to translate.
import type { MistakeText } from '../mistake-text.ts';

type Lines = 'wrong' | 'right';

export type ChineseMistakeText = Omit<MistakeText, Lines> & Partial<Pick<MistakeText, Lines>>;
