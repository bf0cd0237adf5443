// @ts-check
// Reads the command line and the environment.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from './failures.js';

export const version = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')).version;

export const help = `Usage: gradients [OPTION...] [FILE]

Sends a request, in JSON or safetensors, to the gradient service and prints the
answer. Without FILE, or if it is -, the request comes from standard input.

  --url URL          of the service; else that in GRADIENTS_URL, else
                     http://127.0.0.1:3000
  --api-key KEY      where the service wants one; else that in
                     GRADIENTS_API_KEY, which other users do not see
  --media-type TYPE  of the request: json or safetensors; else as the name of
                     FILE ends, else by its content
  --include NAMES    more extra values, as in outputs,trace
  --output FORM      json   the answer as the service wrote it (the default)
                     table  loss and divisor; per layer shape, norms, and the
                            smallest and the largest number of the gradient
                     norms  norms of weights and of their gradients per layer,
                            as bars on a logarithmic scale
  --save FILE        writes the answer to FILE: as safetensors if it ends in
                     .safetensors, else as JSON. Then nothing is printed but
                     what --output asks for
  --compressed       has the answer compressed on its way
  --retries N        how often to send again what was refused for the moment
                     (503, 429: when Retry-After says) or lost with its
                     connection; else 4
  --timeout SECONDS  how long one try may take; else 300
  --help, --version

Exit status
  0  an answer
  1  a problem, which standard error has in one line
  2  a wrong option, or a file that cannot be read or written
  3  no service there, or no answer of it`;

const outputs = /** @type {const} */ (['json', 'table', 'norms']);
const formats = /** @type {const} */ (['json', 'safetensors']);

/**
 * @typedef {object} Options
 * @property {string | undefined} file the request's; undefined: standard input
 * @property {URL} url
 * @property {string | undefined} apiKey
 * @property {typeof formats[number] | undefined} format
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
  include: { ...text, multiple: /** @type {const} */ (true), default: [] },
  output: text,
  save: text,
  compressed: flag,
  retries: { ...text, default: '4' },
  timeout: { ...text, default: '300' },
  help: { ...flag, short: 'h' },
  version: flag,
};

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Options}
 */
export function readOptions(args, environment) {
  const { values, positionals } = parsed(args);
  if (positionals.length > 1) throw wrong(`expected one file, got ${positionals.length}: ${positionals.join(' ')}`);
  const { help, version, save, compressed } = values;
  const output = choice('output', outputs, values.output) ?? (save === undefined ? 'json' : undefined);
  return {
    file: positionals[0] === '-' ? undefined : positionals[0],
    url: address(values.url ?? (environment.GRADIENTS_URL || 'http://127.0.0.1:3000')),
    apiKey: key(values['api-key'] ?? environment.GRADIENTS_API_KEY),
    format: choice('media-type', formats, values['media-type']?.replace(/^application\/(vnd\.)?/, '')),
    include: values.include.flatMap((names) => names.split(',')).filter(Boolean),
    retries: number('retries', values.retries, /^\d+$/),
    timeout: 1000 * number('timeout', values.timeout, /^(?=.*[1-9])\d+(\.\d+)?$/),
    ...{ help, version, save, compressed, output },
  };
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
