// Where bytes are kept: objects under keys, in a folder or in S3. An object is there as a whole or not at all.

/** What a listing says of an object. */
export interface Listed {
  readonly key: string;
  readonly bytes: number;
  /** When it was written, in milliseconds since 1970. */
  readonly modified: number;
}

/** Keys are those of this service, never names given by clients: `[a-z0-9/._-]`, without `.` or `..` as a part. */
export interface Store {
  /**
   * Writes an object from a stream of bytes, which is never whole in memory. It replaces one that exists. If the stream fails, or the
   * process ends, there is no object.
   * @throws Refusal `storage-full`; whatever the stream throws.
   */
  write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void>;
  /** An object's bytes from `first` to `end` (excluded), written into `into`. Returns false if there is no such object. */
  readInto(key: string, first: number, into: Uint8Array): Promise<boolean>;
  /** A whole small object; undefined if there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** Removes an object; does nothing if there is none. */
  remove(key: string): Promise<void>;
  /** All objects whose keys begin with a prefix, in any order. */
  list(prefix: string): AsyncIterable<Listed>;
  /** Removes what writes that never ended have left, older than `beforeMs` (milliseconds since 1970). */
  sweep(beforeMs: number): Promise<void>;
  close(): Promise<void>;
}
