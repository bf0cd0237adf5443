// All problem types of the service, and the schema of problem documents (RFC 9457).
import { type Static, type TObject, Type } from '@sinclair/typebox';
import { Names } from './names.ts';

interface Declaration {
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
  /** What the client can do. */
  readonly remedy: string;
}

export const problems = {
  'malformed-body': {
    status: 400,
    title: 'The body cannot be read',
    meaning:
      'The body is empty, or it is not the format that its Content-Type names. The detail says where reading stopped, or which format the body has.',
    remedy: 'Send one JSON document in UTF-8. JSON has no NaN, no Infinity, no comments and no trailing commas.',
  },
  'invalid-request': {
    status: 400,
    title: 'The request does not fit the schema',
    meaning:
      'A key is missing or unknown, a value has the wrong type, an activation or a loss has an unknown name, or an option is out of range. ' +
      'Nothing is converted: a string is never taken for a number, nor null for 0, and a number must be finite in float64.',
    remedy: 'Correct what each pointer points at. /openapi.json has the schema, and /docs shows it.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request is not HTTP',
    meaning: 'What arrived is not a well-formed HTTP/1.1 request.',
    remedy: 'Send it with an HTTP client library.',
  },
  unauthorized: {
    status: 401,
    title: 'An API key is needed',
    meaning: 'The service answers only to those who have an API key, and the request has none, or none that is known.',
    remedy: 'Send the key in the header Authorization: Bearer KEY, or in X-API-Key. The operator gives out keys.',
  },
  'place-not-allowed': {
    status: 403,
    title: 'The place of the data is not allowed',
    meaning: 'A dataset refers to a file in a place that the operator does not allow to this client.',
    remedy: 'Upload the data, or have the operator allow the place by DATA_ALLOW.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing at this path',
    meaning: 'There is no such path.',
    remedy: 'GET / lists what there is.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not take this method',
    meaning: 'The path is there, but not for this method.',
    remedy: 'Use one of the methods that the Allow header lists.',
  },
  'not-acceptable': {
    status: 406,
    title: 'No answer in an accepted media type',
    meaning: 'The Accept header admits none of the media types that the answer can have.',
    remedy: 'Accept one of the media types that the detail lists, or leave Accept out.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    meaning: 'The connection was open, but the request was not complete within the time limit.',
    remedy: 'Send it again, or in smaller parts: answers for parts of a batch can be merged by their divisors.',
  },
  'dataset-changed': {
    status: 409,
    title: 'A file of the dataset has changed',
    meaning: 'The dataset refers to a file that is another one now than when the dataset was put.',
    remedy: 'Put the dataset again, so that it refers to the file as it is now.',
  },
  'not-finished': {
    status: 409,
    title: 'The job has not finished',
    meaning: 'There is no result yet: the job waits or runs.',
    remedy: 'Ask for the job at /jobs/{id} after as many seconds as Retry-After says, or read its events.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The dataset is not in the expected state',
    meaning: 'If-Match or If-None-Match does not hold: somebody else may have put or deleted the dataset meanwhile.',
    remedy: 'Get the dataset, decide by its ETag, and send the request again with that ETag, or without the condition.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'The body has more bytes than the service takes. The detail says the limit.',
    remedy: 'Split the batch and merge the answers by their divisors, or have the operator raise BODY_LIMIT.',
  },
  'too-much-memory': {
    status: 413,
    title: 'The request needs too much memory',
    meaning:
      'The values that the request asks for would take more memory than the service gives to one request. The detail says the limit.',
    remedy:
      'Ask for less in include, split the batch and merge the answers by their divisors, or have the operator raise MAX_MEMORY.',
  },
  'too-many-operations': {
    status: 413,
    title: 'The request takes too many operations',
    meaning:
      'The products of matrices that the request asks for take more floating-point operations than the service gives to one request. ' +
      'The detail says both numbers.',
    remedy:
      'Send it as a job (Prefer: respond-async), split the batch and merge the answers by their divisors, or have the operator raise MAX_FLOPS.',
  },
  'answer-too-large': {
    status: 413,
    title: 'The answer would be too large',
    meaning:
      'The values that the request asks for may take more bytes in the media type of the answer than the service sends. The detail says both sizes.',
    remedy:
      'Ask for less in include, accept application/vnd.safetensors, split the batch and merge the answers by their divisors, or have the ' +
      'operator raise MAX_ANSWER.',
  },
  'too-complex': {
    status: 413,
    title: 'The request has too many parts',
    meaning: 'The request has more layers, or more keys and objects, than the service reads. The detail says the limit.',
    remedy: 'Send a smaller network, or have the operator raise MAX_LAYERS or MAX_KEYS.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has a media type that is not understood',
    meaning:
      'The Content-Type header is missing or names another media type than the service reads, or the body is compressed in a way ' +
      'that the service does not know.',
    remedy:
      'Name one of the media types that the detail lists. A Content-Encoding may be one of those that Accept-Encoding lists.',
  },
  'shape-mismatch': {
    status: 422,
    title: 'Shapes do not fit together',
    meaning: 'A matrix is ragged, the sizes of the layers do not match, or targets or weights have another size than required.',
    remedy:
      'Correct what each pointer points at. weights are outputs x inputs, and a sample is a row unless batch.samples is "columns".',
  },
  'out-of-domain': {
    status: 422,
    title: 'A value is outside its domain',
    meaning: 'A class index is no class, a target or an output is outside what the loss is defined for, or a weight is below 0.',
    remedy: 'Correct what each pointer points at, or choose the loss that fits the targets.',
  },
  'non-finite-result': {
    status: 422,
    title: 'The result is not finite',
    meaning:
      'The loss or a value of the answer is infinite or not a number in float64. layer and step say where the first such value arose.',
    remedy: 'Scale inputs and weights down, use a loss on logits, and see that not every sample is ignored or weighs 0.',
  },
  'unknown-dataset': {
    status: 422,
    title: 'There is no such dataset',
    meaning: 'The batch names a dataset that this client does not have, or that has expired.',
    remedy: 'Put the dataset at /datasets/{name} with the same API key. GET /datasets lists those that there are.',
  },
  'not-additive': {
    status: 422,
    title: 'The answer is not a sum over samples',
    meaning:
      'A job computes sums over all samples. The request asks for values of single samples, or for the losses after the steps of a Hessian.',
    remedy:
      'Leave out damping, and the values per sample in include, or send the request for some rows without Prefer: respond-async.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key belongs to another request',
    meaning: 'A job was made with this Idempotency-Key, from another request.',
    remedy: 'Use a new key for a new request; the same key only to repeat the same request.',
  },
  'too-many-jobs': {
    status: 429,
    title: 'Too many jobs',
    meaning: 'This client has as many jobs as one client may have, finished ones included.',
    remedy: 'Delete jobs whose results are no longer needed, or have the operator raise MAX_JOBS.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    meaning:
      'This client has sent more requests than the service takes from one client in a while. The RateLimit headers say how many.',
    remedy: 'Wait for as many seconds as Retry-After says, or send larger batches in fewer requests.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The request headers are too large',
    meaning: 'The request line and the headers have more bytes than the service takes.',
    remedy: 'Send fewer or shorter headers.',
  },
  overloaded: {
    status: 503,
    title: 'The service has too much to do',
    meaning:
      'As many large requests are in flight as there may be, in all or of one client; or their memory is used up; or the thread was ended. ' +
      'The request may be right; nothing of it was kept.',
    remedy: 'Send the same request again after as many seconds as Retry-After says, or to another replica.',
  },
  unavailable: {
    status: 503,
    title: 'A part of the service is away',
    meaning:
      'The store of the datasets and jobs, or the queue of the jobs, does not answer. Requests that need neither are answered as always.',
    remedy: 'Send the same request again after as many seconds as Retry-After says; a job with the same Idempotency-Key.',
  },
  'deadline-exceeded': {
    status: 504,
    title: 'The answer took too long',
    meaning: 'The request had arrived, but its answer was not ready within the time that the service gives to one request.',
    remedy: 'Send a smaller request, or parts of the batch: their answers can be merged by their divisors.',
  },
  'storage-full': {
    status: 507,
    title: 'There is no room for the data',
    meaning: 'The datasets and jobs of this client take as many bytes as they may, or the disk is full. The detail says which.',
    remedy: 'Delete datasets and jobs that are no longer needed, or have the operator raise STORE_LIMIT or make room.',
  },
  internal: {
    status: 500,
    title: 'The service failed',
    meaning: 'The fault is in the service, not in the request.',
    remedy: 'Tell the operator the request id, which the X-Request-Id header has: the log has the cause under it.',
  },
} as const satisfies Record<string, Declaration>;

export type ProblemType = keyof typeof problems;

/** The most errors listed in a problem document. */
export const MAX_ERRORS = 20;

/** An error in a request, with a JSON pointer (RFC 6901) to its place. */
export const Finding = Type.Object(
  {
    pointer: Type.String({ description: 'JSON pointer (RFC 6901) into the body of the request' }),
    detail: Type.String(),
  },
  { $id: 'Finding' },
);
export type Finding = Static<typeof Finding>;

/** The steps of a computation, in order, at which a value can become infinite or NaN. */
export const Step = Names(['pre_activations', 'outputs', 'loss', 'gradients', 'tangents', 'products', 'jacobian', 'hessian'], {
  description: 'where the first value arose that is not finite',
});
export type Step = Static<typeof Step>;

/** The members that explain a problem. */
const refused = {
  detail: Type.String(),
  errors: Type.Optional(Type.Array(Finding, { minItems: 1, maxItems: MAX_ERRORS })),
};

/** The members of a `non-finite-result`: where the first non-finite value was computed. */
const origin = {
  step: Type.Optional(Step),
  layer: Type.Optional(Type.Integer({ minimum: 0, description: 'counted from 0; not with the step "loss"' })),
};

/** The members of a problem document other than type, title and status. */
export type Refused = Static<TObject<typeof refused & typeof origin>>;

/** The schema of a problem document of any type. */
export const AnyProblem = Type.Object(
  { type: Type.String(), title: Type.String(), status: Type.Integer(), ...refused, ...origin },
  { $id: 'Problem' },
);

/** The schema of the problem documents with the given status. */
export function ProblemWith(status: number) {
  const types = (Object.keys(problems) as ProblemType[]).filter((type) => problems[type].status === status);
  return Type.Object(
    {
      type: Names(types.map((type) => `/problems/${type}`)),
      title: Type.String(),
      status: Type.Literal(status),
      ...refused,
      ...(status === problems['non-finite-result'].status && origin),
    },
    { $id: `Problem${status}` },
  );
}
