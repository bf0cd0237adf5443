// @ts-check
// Reads the command line and the environment.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from './failures.js';
import { isOperation, namesWith, operations } from './operations.js';

/** @import { Operation, OperationName } from './operations.js' */

export const version = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')).version;

export const help = `Usage: gradients [OPTION...] [OPERATION] [FILE]
       gradients put NAME FILE [OPTION...]

Sends a request, in JSON or safetensors, to the gradient service and prints the
answer. Without FILE, or if it is -, the request comes from standard input.
OPERATION is gradients (the default), vjp, jvp, jacobian, hvp, hessian or check.
With put, sends data to the service, where requests find it under NAME: a file
that ends in .safetensors, .csv or .json, with inputs, targets or classes, and
sample_weights. What the service says of it is printed.

  --url URL          of the service; else that in GRADIENTS_URL, else
                     http://127.0.0.1:3000
  --api-key KEY      where the service wants one; else that in
                     GRADIENTS_API_KEY, which other users do not see
  --retries N        how often to send again what was refused for the moment
                     (503, 429: when Retry-After says) or lost with its
                     connection; else 4
  --timeout SECONDS  how long the service may take nothing of a body, and then
                     give no answer; else 300
  --help, --version

Of a request
  --media-type TYPE  json or safetensors; else as the name of FILE ends, else by
                     its content
  --dataset NAME     computes on this dataset in place of the batch's arrays
  --rows FIRST:END   on these of its samples, from 0, without END
  --wait             of gradients, hvp, hessian: sends it as a job, which may
                     take longer than a request, and waits for it
  --include NAMES    of gradients: more extra values, as in outputs,trace
  --output FORM      json   the answer as the service wrote it (the default)
                     table  numbers such as the loss; per layer shape, norms,
                            and the smallest and the largest number of the
                            gradient; shape, norm and range of other arrays
                     norms  of gradients, hvp, hessian: norms of weights and of
                            their gradients per layer, as bars on a logarithmic
                            scale
                     words  of check (its default): what differs, and why
  --save FILE        writes the answer to FILE: as safetensors if it ends in
                     .safetensors, else as JSON. Then nothing is printed but
                     what --output asks for
  --compressed       has the answer compressed on its way

Of put
  --targets NAMES    of CSV: the columns that are targets, as in a,b
  --classes NAME     of CSV: the column with class indices

Exit status
  0  an answer
  1  a problem, which standard error has in one line; of check, a difference
  2  a wrong option, or a file that cannot be read or written
  3  no service there, or no answer of it`;

const outputs = /** @type {const} */ (['json', 'table', 'norms', 'words']);
const formats = /** @type {const} */ (['json', 'safetensors']);

/**
 * @typedef {object} Put
 * @property {string} name of the dataset
 * @property {string} file
 * @property {string | undefined} targets names of columns, separated by commas
 * @property {string | undefined} classes the name of a column
 */

/**
 * @typedef {object} Options
 * @property {Put | undefined} put the data to send, in place of a request
 * @property {OperationName} operation
 * @property {string | undefined} file the request's; undefined: standard input
 * @property {URL} url
 * @property {string | undefined} apiKey
 * @property {typeof formats[number] | undefined} format
 * @property {string | undefined} dataset
 * @property {[first: number, end: number] | undefined} rows of the dataset
 * @property {boolean} wait
 * @property {string[]} include
 * @property {typeof outputs[number] | undefined} output
 * @property {string | undefined} save
 * @property {boolean} compressed
 * @property {number} retries
 * @property {number} timeout in milliseconds
 * @property {boolean} help
 * @property {boolean} version
 */

const flag = { type: /** @type {const} */ ('boolean'), default: false };
const text = { type: /** @type {const} */ ('string') };
const config = {
  url: text,
  'api-key': text,
  'media-type': text,
  dataset: text,
  rows: text,
  wait: flag,
  targets: text,
  classes: text,
  include: { ...text, multiple: /** @type {const} */ (true) },
  output: text,
  save: text,
  compressed: flag,
  retries: { ...text, default: '4' },
  timeout: { ...text, default: '300' },
  help: { ...flag, short: 'h' },
  version: flag,
};

/** The options of a request, and those of put; the others are of both. */
const ofRequest = /** @type {const} */ (['media-type', 'dataset', 'rows', 'wait', 'include', 'output', 'save', 'compressed']);
const ofPut = /** @type {const} */ (['targets', 'classes']);

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Options}
 */
export function readOptions(args, environment) {
  const { values, positionals } = parsed(args);
  const isPut = positionals[0] === 'put';
  const misplaced = (isPut ? ofRequest : ofPut).find((name) => values[name]);
  if (misplaced) throw wrong(`--${misplaced} is an option ${isPut ? 'of a request' : 'of put'}`);
  if (values.rows !== undefined && values.dataset === undefined) throw wrong('--rows is of a dataset: expected --dataset, too');
  if (isPut && positionals.length !== 3)
    throw wrong(`put: expected a name and a file, got ${positionals.slice(1).join(' ') || 'none'}`);
  const [first, ...others] = positionals;
  const [operation, files] = isOperation(first) ? [first, others] : [/** @type {const} */ ('gradients'), positionals];
  if (!isPut && files.length > 1)
    throw wrong(`expected one file, or ${Object.keys(operations).join(', ')} and one file, got ${positionals.join(' ')}`);
  checkTaken(operation, {
    wait: values.wait,
    include: values.include,
    norms: values.output === 'norms',
    words: values.output === 'words',
  });
  const { help, version, save, compressed, dataset, wait, targets, classes } = values;
  const output =
    choice('output', outputs, values.output) ??
    (save === undefined ? (operations[operation].words ? 'words' : 'json') : undefined);
  return {
    put: isPut ? { name: positionals[1], file: positionals[2], targets, classes } : undefined,
    operation,
    file: files[0] === '-' ? undefined : files[0],
    url: address(values.url ?? (environment.GRADIENTS_URL || 'http://127.0.0.1:3000')),
    apiKey: key(values['api-key'] ?? environment.GRADIENTS_API_KEY),
    format: choice('media-type', formats, values['media-type']?.replace(/^application\/(vnd\.)?/, '')),
    rows: range(values.rows),
    include: (values.include ?? []).flatMap((names) => names.split(',')).filter(Boolean),
    retries: number('retries', values.retries, /^\d+$/),
    timeout: 1000 * number('timeout', values.timeout, /^(?=.*[1-9])\d+(\.\d+)?$/),
    ...{ help, version, save, compressed, output, dataset, wait },
  };
}

/**
 * Checks that an operation takes what was asked of it.
 * @param {OperationName} operation
 * @param {{ wait: boolean, include: string[] | undefined, norms: boolean, words: boolean }} asked
 */
function checkTaken(operation, { wait, include, norms, words }) {
  /** @type {[option: string, asked: unknown, what: keyof Operation][]} */
  const options = [
    ['--wait', wait, 'job'],
    ['--include', include, 'include'],
    ['--output norms', norms, 'norms'],
    ['--output words', words, 'words'],
  ];
  const refused = options.find(([, asked, what]) => asked && !operations[operation][what]);
  if (refused) throw wrong(`${refused[0]} is an option of ${namesWith(refused[2])}, not of ${operation}`);
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return parseArgs({ args, options: config, allowPositionals: true });
  } catch (error) {
    // Only the first sentence of the message is useful.
    throw wrong(/** @type {Error} */ (error).message.split('. ')[0]);
  }
}

/** @param {string} why */
function wrong(why) {
  return new UsageError(`${why} (gradients --help lists the options)`);
}

/**
 * @template {string} Name
 * @param {string} option
 * @param {readonly Name[]} names
 * @param {string | undefined} value
 * @returns {Name | undefined}
 */
function choice(option, names, value) {
  const found = names.find((name) => name === value);
  if (value !== undefined && found === undefined) throw wrong(`--${option}: expected ${names.join(', ')}, got ${value}`);
  return found;
}

/**
 * @param {string} option
 * @param {string} value
 * @param {RegExp} form
 */
function number(option, value, form) {
  if (!form.test(value)) throw wrong(`--${option}: expected a number, got ${value}`);
  return Number(value);
}

/**
 * @param {string | undefined} value
 * @returns {[first: number, end: number] | undefined}
 */
function range(value) {
  const [, first, end] = /^(\d+):(\d+)$/.exec(value ?? '') ?? [];
  if (value !== undefined && end === undefined) throw wrong(`--rows: expected FIRST:END, as in 0:1000, got ${value}`);
  return end === undefined ? undefined : [Number(first), Number(end)];
}

/** @param {string} value */
function address(value) {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!/^https?:$/.test(url?.protocol ?? '')) throw wrong(`expected a URL that begins with http:// or https://, got ${value}`);
  return /** @type {URL} */ (url);
}

/** @param {string | undefined} value */
function key(value) {
  if (value !== undefined && !/^[\x21-\x7e]*$/.test(value)) throw wrong('expected a key of printable ASCII without spaces');
  return value || undefined;
}
