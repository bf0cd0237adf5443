// Files below a folder, opened without following links.
import { constants, type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Non-blocking, because opening a FIFO would wait for its writer. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The most bytes that Node reads at a time are 2^31 - 1. */
const READ_BYTES = 2 ** 30;

/**
 * Opens a regular file for reading. `path` is relative to `folder`; the way to `folder` may have links, `path` may not.
 * @throws Error with a code: ELOOP if there is a link in `path`, EISDIR if it is no regular file, others as `open` does.
 */
export async function openBelow(folder: string, path: string): Promise<FileHandle> {
  const expected = join(await realpath(folder), path);
  const handle = await open(expected, READ);
  try {
    // Asked of the handle, since a folder could be replaced by a link between two calls; without /proc, of the path.
    const actual = await readlink(`/proc/self/fd/${handle.fd}`).catch(realpath.bind(undefined, expected));
    // A file that was replaced or removed since is the one that was there.
    if (actual !== expected && actual !== `${expected} (deleted)`)
      throw fault('ELOOP', `a link leads from ${expected} to ${actual}`);
    if (!(await handle.stat()).isFile()) throw fault('EISDIR', `${expected} is not a regular file`);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads from a file into all of `into`, from the byte `first` on. Returns false if the file ends before. */
export async function fill(handle: FileHandle, first: number, into: Uint8Array): Promise<boolean> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, Math.min(into.length - at, READ_BYTES), first + at);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}

/** What a promise gives; undefined if it fails because there is no such file. */
export async function ifPresent<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that there is no such file. */
export function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
