// @ts-check
// The answer of the operation check in words.

/**
 * @typedef {object} Checked an array of the candidate
 * @property {string} pointer
 * @property {boolean} agrees
 * @property {number | null} [relative_error]
 * @property {number | null} [ratio]
 * @property {{ index: number[], candidate: number, right: number }} [worst]
 * @property {number[]} [shape]
 * @property {number[]} [expected_shape]
 */

/**
 * @typedef {object} Diagnosis
 * @property {string} mistake
 * @property {string} pointer
 * @property {string[]} explains
 * @property {string} detail
 * @property {string} wrong
 * @property {string} right
 * @property {string} remedy
 * @property {string[]} alternatives
 */

/** @typedef {{ agrees: boolean, checks: Checked[], first_difference?: string, diagnoses: Diagnosis[] }} Report */

/** @param {Report} report */
export function words({ agrees, checks, first_difference, diagnoses }) {
  const count = `${checks.length} ${checks.length === 1 ? 'array' : 'arrays'}`;
  if (agrees) return `right: ${count} compared`;
  const different = checks.filter((check) => !check.agrees);
  const named = diagnoses.length > 0 ? [] : ['', 'no mistake of the catalogue (GET /mistakes) gives these numbers'];
  return [
    `wrong: ${different.length} of ${count}, the first in the order of computation is ${first_difference}`,
    ...different.map(difference),
    ...named,
    ...diagnoses.flatMap(diagnosis),
  ].join('\n');
}

/** @param {Checked} check */
function difference({ pointer, shape, expected_shape, relative_error, ratio, worst }) {
  if (expected_shape) return `  ${pointer}: expected the shape ${expected_shape.join('x')}, got ${shape?.join('x') || 'none'}`;
  const error = relative_error === null || relative_error === undefined ? '' : `, off by ${relative_error.toPrecision(2)}`;
  const factor = ratio === null || ratio === undefined ? '' : `, all numbers by the factor ${ratio.toPrecision(6)}`;
  const place = worst?.index.length ? ` ${worst.index.map((i) => `[${i}]`).join('')}` : '';
  const at = worst ? `:${place} is ${worst.candidate}, right is ${worst.right}` : '';
  return `  ${pointer}${at}${error}${factor}`;
}

/** @param {Diagnosis} diagnosis */
function diagnosis({ mistake, pointer, explains, detail, wrong, right, remedy, alternatives }) {
  const line = [`  - ${wrong}`, `  + ${right}`, `  ${remedy}`];
  const others = alternatives.length > 0 ? [`  the same numbers here: ${alternatives.join(', ')}`] : [];
  return ['', `${mistake} at ${pointer}`, `  ${detail}`, ...line, ...others, `  explains ${explains.join(', ')}`];
}
