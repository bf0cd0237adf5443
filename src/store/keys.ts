// Keys of objects in a store.
import { createHash } from 'node:crypto';

/** A part of a key: keys are parts separated by `/`. */
const PART = /^(?!\.\.?$)[a-z0-9._-]+$/;

/** Whether a text is a key. Others may lie in the same folder or bucket, and are not those of this service. */
export function isKey(text: string): boolean {
  return text.split('/').every((part) => PART.test(part));
}

/** @throws Error if a text is no key: nothing else may become a path. */
export function checkKey(text: string): void {
  if (!isKey(text)) throw new Error(`not a key of an object: ${JSON.stringify(text)}`);
}

/** @throws Error if no key begins with a text. */
export function checkPrefix(text: string): void {
  checkKey(`${text}x`);
}

/** The error of an object that has fewer bytes than were asked for. */
export function endsEarly(key: string, end: number): Error {
  return new Error(`the object ${key} ends before byte ${end}`);
}

/** The SHA-256 of a text, in hexadecimal: what a client writes never becomes a part of a key. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** The part of keys that stands for an owner. */
export function ownerPart(owner: string): string {
  return hashOf(owner).slice(0, OWNER_CHARACTERS);
}

/** So many characters of a hash are unique. */
const OWNER_CHARACTERS = 32;
