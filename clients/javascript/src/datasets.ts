// Datasets: data that is sent to the service once, or lies where the service can read it.
import { type CallOptions, type Connection, JSON_TYPE, SAFETENSORS } from './connection.ts';
import { encodeArrays } from './document.ts';
import type { Matrix, Vector } from './types.ts';

/** What the service says of a dataset. */
export interface Dataset {
  readonly name: string;
  readonly samples: number;
  readonly features: number;
  /** The number of targets of a sample; 0 if it has a class, left out if it has neither. */
  readonly targets?: number;
  readonly dtype: string;
  readonly bytes: number;
  /** It identifies the content. */
  readonly etag: string;
  /** When it is removed, in ISO 8601. */
  readonly expires: string;
}

export interface Conditions extends CallOptions {
  /** The ETag that the dataset must have now. */
  readonly ifMatch?: string;
  /** `'*'` if there must not be one. */
  readonly ifNoneMatch?: string;
}

export interface Arrays {
  /** samples x features. */
  readonly inputs: Matrix;
  /** samples x outputs. */
  readonly targets?: Matrix;
  /** A class index per sample, in place of targets. */
  readonly classes?: Vector;
  readonly sample_weights?: Vector;
}

/** The columns of a CSV file that are no inputs. */
export interface Columns {
  readonly targets?: readonly string[];
  readonly classes?: string;
}

/** Where data lies: a safetensors file, or a `.npy` file per array; `s3://` or `file://`, in places that the service allows. */
export type References = { readonly url: string } | { readonly [Name in keyof Arrays]?: { readonly url: string } };

const MEDIA_TYPES: Record<string, string> = { safetensors: SAFETENSORS, csv: 'text/csv', json: JSON_TYPE };

/** The datasets of this client's owner. */
export class Datasets {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Sends arrays to the service, where they get a name and replace what had it. */
  put(name: string, arrays: Arrays, conditions: Conditions = {}): Promise<Dataset> {
    return this.#put(pathOf(name), encodeArrays(arrays), SAFETENSORS, conditions);
  }

  /**
   * Sends a file: safetensors or JSON with the names of `Arrays`, or CSV with a line of headers. `fs.openAsBlob` of Node and `Bun.file`
   * make such files without reading them into memory.
   * @param fileName tells the format by its end; by default the name of the file.
   */
  putFile(
    name: string,
    file: Blob,
    { fileName, targets, classes, ...conditions }: Conditions & Columns & { fileName?: string } = {},
  ) {
    const ending = (fileName ?? (file as Partial<File>).name ?? '').split('.').pop() as string;
    const mediaType = MEDIA_TYPES[ending];
    if (!mediaType)
      throw new TypeError(
        `expected the name of a file that ends in ${Object.keys(MEDIA_TYPES).join(', ')}, got ${fileName ?? 'none'}`,
      );
    const query = new URLSearchParams({ ...(targets && { targets: targets.join(',') }), ...(classes && { classes }) });
    return this.#put(`${pathOf(name)}${query.size ? `?${query}` : ''}`, file, mediaType, conditions);
  }

  /** Names data where it lies. Nothing is sent. */
  putUrl(name: string, references: References, conditions: Conditions = {}): Promise<Dataset> {
    return this.#put(pathOf(name), JSON.stringify(references), JSON_TYPE, conditions);
  }

  /** @throws Problem (404) if there is none. */
  get(name: string, options: CallOptions = {}): Promise<Dataset> {
    return this.#connection.json(pathOf(name), options) as Promise<Dataset>;
  }

  async list(options: CallOptions = {}): Promise<readonly Dataset[]> {
    return ((await this.#connection.json('/datasets', options)) as { datasets: Dataset[] }).datasets;
  }

  /** @throws Problem (404) if there is none. */
  async delete(name: string, conditions: Conditions = {}): Promise<void> {
    await this.#connection.ask(pathOf(name), { method: 'DELETE', headers: headersOf(conditions), signal: conditions.signal });
  }

  #put(path: string, body: Uint8Array<ArrayBuffer> | Blob | string, mediaType: string, conditions: Conditions): Promise<Dataset> {
    const headers = { 'content-type': mediaType, ...headersOf(conditions) };
    return this.#connection.json(path, { method: 'PUT', body, headers, signal: conditions.signal }) as Promise<Dataset>;
  }
}

function pathOf(name: string): string {
  return `/datasets/${encodeURIComponent(name)}`;
}

function headersOf({ ifMatch, ifNoneMatch }: Conditions): Record<string, string> {
  const quoted = (etag: string) => (etag === '*' ? etag : `"${etag}"`);
  return { ...(ifMatch && { 'if-match': quoted(ifMatch) }), ...(ifNoneMatch && { 'if-none-match': quoted(ifNoneMatch) }) };
}
