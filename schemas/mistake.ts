// The catalogue of mistakes in backpropagation, the likeliest first where several give the same numbers. Computed in
// src/backprop/mistakes/.
import type { MistakeText } from './mistake-text.ts';
import { factorTexts } from './mistakes-of-factors.ts';
import { flowTexts } from './mistakes-of-flow.ts';
import { lossTexts } from './mistakes-of-loss.ts';
import { parameterTexts } from './mistakes-of-parameters.ts';
import { slopeTexts } from './mistakes-of-slopes.ts';
import { weightTexts } from './mistakes-of-weights.ts';

export const mistakes = {
  ...weightTexts,
  ...factorTexts,
  ...lossTexts,
  ...slopeTexts,
  ...parameterTexts,
  ...flowTexts,
} satisfies Record<string, MistakeText>;

export type MistakeName = keyof typeof mistakes;

/** What a diagnosis has of a mistake's text. */
export function lineOf(name: MistakeName): Pick<MistakeText, 'wrong' | 'right' | 'remedy'> {
  const { wrong, right, remedy } = mistakes[name];
  return { wrong, right, remedy };
}
