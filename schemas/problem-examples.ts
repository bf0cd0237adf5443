// Examples of every problem document, for the documentation. A test sends requests that cause these problems, and compares.
import type { ProblemType, Refused } from './problem.ts';

export const problemExamples: Record<ProblemType, Refused> = {
  'malformed-body': {
    detail: 'not JSON: line 1, column 25: value expected, at "}"',
    errors: [{ pointer: '/network/layers/0', detail: 'not JSON: line 1, column 25: value expected, at "}"' }],
  },
  'invalid-request': {
    detail: '2 problems in the request',
    errors: [
      {
        pointer: '/batch/target',
        detail:
          'unknown key "target": it is targets here; there are inputs, targets, classes, sample_weights, samples, dataset, rows, indices',
      },
      {
        pointer: '/batch/targets',
        detail: 'expected targets, or class indices under the key classes, but both keys are missing',
      },
    ],
  },
  'malformed-request': { detail: 'the HTTP parser stopped with HPE_INVALID_METHOD' },
  unauthorized: { detail: 'the API key is missing or unknown: send it in Authorization: Bearer or in X-API-Key' },
  'place-not-allowed': {
    detail: '1 problem in the request',
    errors: [
      {
        pointer: '/url',
        detail: 'expected a URL below one of the places that are allowed: none are (DATA_ALLOW)',
      },
    ],
  },
  'not-found': { detail: 'there is nothing at /problems/unknown' },
  'method-not-allowed': { detail: 'expected POST, got GET' },
  'not-acceptable': { detail: 'there is application/json, application/vnd.safetensors; Accept is text/csv' },
  'request-timeout': { detail: 'the HTTP parser stopped with ERR_HTTP_REQUEST_TIMEOUT' },
  'dataset-changed': { detail: 'the file at file:///data/x.npy has changed since the dataset was put: put it again' },
  'not-finished': { detail: 'the job is running: 3 of 8 parts are completed' },
  'precondition-failed': { detail: 'expected no dataset (If-None-Match: *), but there is one' },
  'body-too-large': { detail: 'expected at most 67108864 bytes (BODY_LIMIT)' },
  'too-much-memory': atInputs(
    'the values to compute take up to 1342177280 bytes, more than the limit of 1073741824 (MAX_MEMORY): ' +
      'send fewer samples at a time and merge the answers by their divisors',
  ),
  'too-many-operations': atInputs(
    'the request takes up to 1200000000000 floating-point operations, more than the limit of 1000000000000 (MAX_FLOPS): ' +
      'send it as a job (Prefer: respond-async), or send fewer samples at a time and merge the answers by their divisors',
  ),
  'answer-too-large': atInputs(
    'the answer takes up to 300000000 bytes, more than the limit of 268435456 (MAX_ANSWER): ' +
      'send fewer samples at a time and merge the answers by their divisors, or accept safetensors',
  ),
  'too-complex': {
    detail: 'there are more keys and objects than the limit of 1000000 (MAX_KEYS): send a smaller network',
    errors: [
      { pointer: '', detail: 'there are more keys and objects than the limit of 1000000 (MAX_KEYS): send a smaller network' },
    ],
  },
  'unsupported-media-type': {
    detail: 'expected the Content-Type application/json or application/vnd.safetensors, got text/csv',
  },
  'shape-mismatch': {
    detail: '1 problem in the request',
    errors: [{ pointer: '/batch/inputs/0', detail: 'expected 2 values, one per input of layer 0, got 3' }],
  },
  'out-of-domain': {
    detail: '1 problem in the request',
    errors: [{ pointer: '/batch/targets/0/0', detail: 'expected a value from 0 to 1, got 2' }],
  },
  'non-finite-result': {
    detail: 'not finite from the step outputs of layer 0 on',
    errors: [
      { pointer: '/network/layers/0', detail: 'outputs[0][0] of layer 0 is Infinity, the first value that is not finite' },
    ],
    step: 'outputs',
    layer: 0,
  },
  'unknown-dataset': {
    detail: '1 problem in the request',
    errors: [
      {
        pointer: '/batch/dataset',
        detail: 'there is no dataset "digits": PUT it at /datasets/{name}; GET /datasets lists those that there are',
      },
    ],
  },
  'not-additive': {
    detail:
      'expected no values per sample, which a job does not keep, got outputs: leave them out, or send the request without Prefer: respond-async',
    errors: [{ pointer: '/include', detail: 'expected no values per sample, which a job does not keep, got outputs' }],
  },
  'idempotency-key-reused': { detail: 'this Idempotency-Key belongs to a job that was made from another request: use a new key' },
  'too-many-jobs': { detail: '100 jobs, as many as one client may have (MAX_JOBS): delete those that are no longer needed' },
  'too-many-requests': { detail: 'more than 1000000 requests in 60000 ms (RATE_LIMIT)' },
  'headers-too-large': { detail: 'the HTTP parser stopped with HPE_HEADER_OVERFLOW' },
  overloaded: { detail: 'large requests in flight: 66, as many as there may be (MAX_QUEUE + threads)' },
  unavailable: { detail: 'the store does not answer: the log has the cause' },
  'deadline-exceeded': { detail: 'not answered within 60000 ms (DEADLINE_MS)' },
  'storage-full': {
    detail: 'the datasets and jobs of this client would take more than 68719476736 bytes (STORE_LIMIT): delete some of them',
  },
  internal: { detail: 'the log has the cause, under the request id 0b5a2c1e-6f0d-4d57-9d0a-3f1f5d1c2b7a' },
};

/** An error that fewer samples would avoid. */
function atInputs(detail: string): Refused {
  return { detail, errors: [{ pointer: '/batch/inputs', detail }] };
}
