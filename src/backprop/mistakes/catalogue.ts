// The computations of the catalogue, by the line that each changes.
import type { MistakeName } from '../../../schemas/mistake.ts';
import type { LineName, Mistakes } from './change.ts';
import type { factorMistakes } from './factors.ts';
import { forwardMistakes } from './forward.ts';
import { inputsMistakes } from './inputs.ts';
import { lossMistakes } from './loss.ts';
import { weightMistakes } from './loss-weights.ts';
import { biasesMistakes, gradientMistakes, weightsMistakes } from './parameters.ts';
import { penaltyMistakes } from './penalties.ts';
import { slopeMistakes } from './slopes.ts';
import { otherSlopeMistakes } from './slopes-of-others.ts';

const byLine = {
  forward: forwardMistakes,
  loss: { ...lossMistakes, ...weightMistakes },
  slopes: { ...slopeMistakes, ...otherSlopeMistakes },
  weights: weightsMistakes,
  biases: biasesMistakes,
  gradients: { ...gradientMistakes, ...penaltyMistakes },
  inputs: inputsMistakes,
} satisfies { readonly [Line in LineName]: Record<string, Mistakes[Line]> };

type Computed<Line extends LineName = LineName> = Line extends LineName ? keyof (typeof byLine)[Line] : never;

/** Mistakes that concern no single line: constant factors, which are fitted, and arrays as a whole. */
type Whole =
  | keyof typeof factorMistakes
  | 'constant-factor'
  | 'mean-in-parameters-only'
  | 'layers-reversed'
  | 'samples-as-columns'
  | 'float32';

// The compiler reports a mistake that has a text but no computation, and the reverse.
type Missing = Exclude<MistakeName, Computed | Whole>;
type Unknown = Exclude<Computed | Whole, MistakeName>;
true satisfies [Missing | Unknown] extends [never] ? true : false;

const listed = Object.fromEntries(Object.entries(byLine).map(([line, mistakes]) => [line, Object.entries(mistakes)]));

/** The mistakes in a line, with their names. */
export function mistakesIn<Line extends LineName>(line: Line): readonly (readonly [MistakeName, Mistakes[Line]])[] {
  return listed[line] as unknown as readonly (readonly [MistakeName, Mistakes[Line]])[];
}
