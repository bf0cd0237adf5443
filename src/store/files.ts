// What stores and places share about files.
import type { FileHandle } from 'node:fs/promises';

/** The code of an error of the system, such as ENOENT; '' if it has none, or is none. */
export function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Whether an error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
}

/** Undefined in place of an error which says that there is no such file. @throws any other error. */
export function ifMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** Reads as many bytes as `into` has, from `first` on. Returns false if there are fewer. */
export async function readFully(handle: FileHandle, first: number, into: Uint8Array): Promise<boolean> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, into.length - at, first + at);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}
