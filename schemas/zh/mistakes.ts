// The catalogue of mistakes in Chinese. The compiler reports a mistake that has no text here.
import { mistakes as english, type MistakeName } from '../mistake.ts';
import type { MistakeText } from '../mistake-text.ts';
import type { ChineseMistakeText } from './mistake-text.ts';
import { factorTexts } from './mistakes-of-factors.ts';
import { flowTexts } from './mistakes-of-flow.ts';
import { lossTexts } from './mistakes-of-loss.ts';
import { parameterTexts } from './mistakes-of-parameters.ts';
import { slopeTexts } from './mistakes-of-slopes.ts';
import { weightTexts } from './mistakes-of-weights.ts';

const texts: Record<MistakeName, ChineseMistakeText> = {
  ...weightTexts,
  ...factorTexts,
  ...lossTexts,
  ...slopeTexts,
  ...parameterTexts,
  ...flowTexts,
};

/** With the lines in NumPy, which are the same in all languages but for their comments. */
export const mistakes = Object.fromEntries(
  (Object.keys(english) as MistakeName[]).map((name) => [name, { ...english[name], ...texts[name] }]),
) as Record<MistakeName, MistakeText>;
