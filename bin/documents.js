// @ts-check
// Reads and writes requests and answers, in JSON and safetensors. Arrays have the same names in both.

/**
 * @typedef {object} Tensor
 * @property {number[]} shape none for a number alone
 * @property {ArrayLike<number>} numbers row by row
 */

/** @typedef {Map<string, Tensor>} Tensors by path, as in gradients.0.weights */

export const mediaTypes = { json: 'application/json', safetensors: 'application/vnd.safetensors' };

const LENGTH_BYTES = 8;

/**
 * The media type of a request: by the option, by the file's name, or else by its content.
 * @param {Buffer} body
 * @param {{ format?: keyof typeof mediaTypes | undefined, file?: string | undefined }} options
 */
export function mediaTypeOf(body, { format, file = '' }) {
  if (format) return mediaTypes[format];
  const ending = /\.(json|safetensors)$/.exec(file)?.[1];
  if (ending) return mediaTypes[/** @type {keyof typeof mediaTypes} */ (ending)];
  // Read as a length, the first bytes of a JSON document would exceed any file.
  const isFile = body.length > LENGTH_BYTES && body.readBigUInt64LE() <= body.length - LENGTH_BYTES;
  return isFile ? mediaTypes.safetensors : mediaTypes.json;
}

/**
 * Adds extra values to a request's `include`. An invalid request is returned unchanged: the service reports what is wrong.
 * @param {Buffer} body
 * @param {string} mediaType
 * @param {string[]} names
 * @returns {Buffer}
 */
export function withExtras(body, mediaType, names) {
  if (names.length === 0) return body;
  try {
    if (mediaType === mediaTypes.json) return Buffer.from(including(body.toString(), names));
    const { header, data } = parts(body);
    const { request = '{}', ...others } = header.__metadata__ ?? {};
    return file({ ...header, __metadata__: { ...others, request: including(request, names) } }, data);
  } catch {
    return body;
  }
}

/**
 * Adds names to the `include` of a JSON document; keeps the rest of its text if possible.
 * @param {string} text
 * @param {string[]} names
 */
function including(text, names) {
  const document = JSON.parse(text);
  if (!Array.isArray(document.include ?? [])) return text;
  const include = JSON.stringify([...new Set([...(document.include ?? []), ...names])]);
  if (document.include !== undefined) return JSON.stringify({ ...document, include: JSON.parse(include) });
  const comma = Object.keys(document).length > 0 ? ',' : '';
  return text.replace('{', () => `{"include":${include}${comma}`);
}

/** The keys of a batch that are its data, which a dataset takes the place of. */
const ofBatch = ['inputs', 'targets', 'classes', 'dataset', 'rows', 'indices'];

/**
 * Replaces the data of a request's batch by a dataset. An invalid request is returned unchanged: the service reports what is wrong.
 * @param {Buffer} body
 * @param {string} mediaType
 * @param {string | undefined} dataset
 * @param {[first: number, end: number] | undefined} rows
 * @returns {Buffer}
 */
export function withDataset(body, mediaType, dataset, rows) {
  if (dataset === undefined) return body;
  try {
    if (mediaType === mediaTypes.json) return Buffer.from(computingOn(body.toString(), dataset, rows));
    const { header, data } = parts(body);
    const { __metadata__: { request = '{}', ...others } = {}, ...entries } = header;
    /** @type {Record<string, Entry>} */
    const kept = {};
    const pieces = [];
    let end = 0;
    for (const [name, { data_offsets: range, ...entry }] of Object.entries(entries)) {
      if (ofBatch.some((key) => name === `batch.${key}`)) continue;
      kept[name] = { ...entry, data_offsets: [end, end + range[1] - range[0]] };
      pieces.push(data.subarray(...range));
      end += range[1] - range[0];
    }
    const metadata = { ...others, request: computingOn(request, dataset, rows) };
    return file({ __metadata__: metadata, ...kept }, Buffer.concat(pieces));
  } catch {
    return body;
  }
}

/**
 * @param {string} text of a request
 * @param {string} dataset
 * @param {[first: number, end: number] | undefined} rows
 */
function computingOn(text, dataset, rows) {
  const { batch, ...document } = JSON.parse(text);
  const others = Object.entries(batch ?? {}).filter(([key]) => !ofBatch.includes(key));
  return JSON.stringify({ ...document, batch: { dataset, ...(rows && { rows }), ...Object.fromEntries(others) } });
}

/**
 * @typedef {{ dtype: keyof typeof readers, shape: number[], data_offsets: [number, number] }} Entry
 * @typedef {Record<string, Entry> & { __metadata__?: Record<string, string> }} Header
 */

/**
 * @param {Buffer} bytes
 * @returns {{ header: Header, data: Buffer }}
 */
function parts(bytes) {
  const start = LENGTH_BYTES + Number(bytes.readBigUInt64LE());
  return { header: JSON.parse(bytes.toString('utf8', LENGTH_BYTES, start)), data: bytes.subarray(start) };
}

/**
 * @param {object} header
 * @param {Buffer} data
 */
function file(header, data) {
  const text = Buffer.from(JSON.stringify(header));
  // The data must begin at a multiple of 8.
  const spaces = -text.length & 7;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(text.length + spaces));
  return Buffer.concat([length, text, Buffer.alloc(spaces, ' '), data]);
}

/** Readers for the dtypes. */
const readers = {
  F64: { bytes: 8, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getFloat32(at, true) },
  I64: { bytes: 8, read: (/** @type {DataView} */ view, /** @type {number} */ at) => Number(view.getBigInt64(at, true)) },
};

/**
 * All arrays of numbers, and single numbers, of a valid document.
 * @param {Buffer} body
 * @param {string} mediaType
 * @returns {Tensors}
 */
export function tensorsIn(body, mediaType) {
  if (mediaType === mediaTypes.json) return new Map(tensorsOf(JSON.parse(body.toString()), ''));
  const { header, data } = parts(body);
  const { __metadata__, ...entries } = header;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const { bytes, read } = readers[dtype];
        return [
          name,
          { shape, numbers: Float64Array.from({ length: (end - begin) / bytes }, (_, i) => read(view, begin + i * bytes)) },
        ];
      },
    ),
  );
}

/**
 * @param {any} value
 * @param {string} name
 * @returns {Generator<[string, Tensor]>}
 */
function* tensorsOf(value, name) {
  const shape = shapeOf(value);
  if (shape) yield [name, { shape, numbers: [value].flat(shape.length) }];
  else if (value instanceof Object)
    for (const [key, item] of Object.entries(value)) yield* tensorsOf(item, name ? `${name}.${key}` : key);
}

/**
 * The shape of a number or of nested lists of numbers; undefined for any other value.
 * @param {any} value
 * @returns {number[] | undefined}
 */
function shapeOf(value) {
  if (typeof value === 'number') return [];
  const inner = Array.isArray(value) ? shapeOf(value[0]) : undefined;
  return inner && [value.length, ...inner];
}

/**
 * Converts tensors to a JSON document; their names are paths.
 * @param {Tensors} tensors
 */
export function toJson(tensors) {
  /** @type {any} */
  const document = {};
  for (const [name, tensor] of tensors) {
    const path = name.split('.');
    const last = /** @type {string} */ (path.pop());
    let place = document;
    path.forEach((key, i) => {
      place[key] ??= /^\d+$/.test(path[i + 1] ?? last) ? [] : {};
      place = place[key];
    });
    place[last] = nested(tensor);
  }
  return JSON.stringify(document);
}

/**
 * @param {Tensor} tensor
 * @returns {unknown}
 */
function nested({ shape: [length, ...inner], numbers }) {
  if (length === undefined) return numbers[0];
  const size = numbers.length / length;
  return Array.from({ length }, (_, i) =>
    nested({ shape: inner, numbers: Array.prototype.slice.call(numbers, i * size, (i + 1) * size) }),
  );
}
