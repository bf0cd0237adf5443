// @ts-check
// The operations of the service: what each takes, and what its answer has.

/**
 * @typedef {object} Operation
 * @property {boolean} job whether a job can compute it
 * @property {boolean} include whether a request may ask for extra values
 * @property {boolean} norms whether the answer has a loss and gradients
 * @property {boolean} words whether the answer can be told in words
 */

export const operations = {
  gradients: { job: true, include: true, norms: true, words: false },
  vjp: { job: false, include: false, norms: false, words: false },
  jvp: { job: false, include: false, norms: false, words: false },
  jacobian: { job: false, include: false, norms: false, words: false },
  hvp: { job: true, include: false, norms: true, words: false },
  hessian: { job: true, include: false, norms: true, words: false },
  check: { job: false, include: false, norms: false, words: true },
};

/** @typedef {keyof typeof operations} OperationName */

/**
 * The names of the operations of which something is true.
 * @param {keyof Operation} what
 */
export function namesWith(what) {
  return Object.entries(operations)
    .filter(([, operation]) => operation[what])
    .map(([name]) => name)
    .join(', ');
}

/**
 * @param {string | undefined} name
 * @returns {name is OperationName}
 */
export function isOperation(name) {
  return name !== undefined && Object.hasOwn(operations, name);
}
