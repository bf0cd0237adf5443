// JSON pointers (RFC 6901).

/** The pointer for a path of keys and indices. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((key) => `/${`${key}`.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The last key of a pointer. */
export function lastKey(pointer: string): string {
  return pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
}
