// Files that lie outside of the store, in places that the operator allows: what datasets need of them.

export interface Elsewhere {
  /** @throws Refusal `place-not-allowed`, `invalid-request`. */
  pin(owner: string, url: string): Promise<{ readonly version: string; readonly bytes: number }>;
  /** Reads bytes from `first` on, as many as `into` has. @throws Refusal `dataset-changed`, if the file is not of this version. */
  readInto(source: { readonly url: string; readonly version: string }, first: number, into: Uint8Array): Promise<void>;
}
