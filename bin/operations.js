// @ts-check
// The operations of the service: what each takes, and what its answer has.

/**
 * @typedef {object} Operation
 * @property {boolean} job whether a job can compute it
 * @property {boolean} include whether a request may ask for extra values
 * @property {boolean} norms whether the answer has a loss and gradients
 */

export const operations = {
  gradients: { job: true, include: true, norms: true },
  vjp: { job: false, include: false, norms: false },
  jvp: { job: false, include: false, norms: false },
  jacobian: { job: false, include: false, norms: false },
  hvp: { job: true, include: false, norms: true },
  hessian: { job: true, include: false, norms: true },
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
