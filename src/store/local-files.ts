// Files on this machine that datasets refer to.
import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { Refusal } from '../refusal.ts';
import { codeOf, readFully } from './files.ts';

/** A file: its path relative to an allowed folder. */
export interface LocalFile {
  /** With a slash at its end. */
  readonly folder: string;
  readonly path: string;
}

const LINK = 'expected a file, got a symbolic link, or one on the way to it';
const NO_FILE = 'there is no such file';
const IRREGULAR = 'expected a file, got a folder or a device';

/** What is wrong, by the codes of the system's errors. */
const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: NO_FILE,
  ENOTDIR: NO_FILE,
  ELOOP: LINK,
  EACCES: 'the service may not read the file',
  EPERM: 'the service may not read the file',
  ENAMETOOLONG: 'the path is too long',
  ENXIO: IRREGULAR,
};

/** What changes with a file: its size, its time of change and its inode. @throws Refusal `invalid-request`. */
export function pinLocalFile(file: LocalFile): Promise<{ readonly version: string; readonly bytes: number }> {
  return openFile(file, async (_, version, bytes) => ({ version, bytes }));
}

/**
 * Reads as many bytes as `into` has. Returns false if the file is not of this version.
 * @throws Refusal `invalid-request`, if there is no longer a file.
 */
export function readLocalFile(file: LocalFile, version: string, first: number, into: Uint8Array): Promise<boolean> {
  return openFile(file, async (handle, found) => found === version && readFully(handle, first, into));
}

async function openFile<Result>(
  { folder, path }: LocalFile,
  use: (handle: FileHandle, version: string, bytes: number) => Promise<Result>,
): Promise<Result> {
  const real = `${(await realpath(folder).catch(refuse)).replace(/\/$/, '')}/${path}`;
  // Opening a pipe would wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using handle = await open(real, flags).catch(refuse);
  const found = await handle.stat({ bigint: true });
  // Checked after the file has been opened: before, a folder could be replaced by a link in between. The inode is that of the path.
  const isReal = (await realpath(real).catch(refuse)) === real;
  const { dev, ino } = await stat(real, { bigint: true }).catch(refuse);
  if (!isReal || dev !== found.dev || ino !== found.ino) throw invalid(LINK);
  if (!found.isFile()) throw invalid(IRREGULAR);
  return await use(handle, `${found.size}-${found.mtimeNs}-${found.ino}`, Number(found.size));
}

function refuse(error: unknown): never {
  const fault = FAULTS[codeOf(error)];
  throw fault === undefined ? error : invalid(fault);
}

function invalid(detail: string): Refusal {
  return new Refusal('invalid-request', { detail });
}
