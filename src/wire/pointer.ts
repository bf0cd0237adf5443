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

/** The path of the object that has a pointer's last key, as schemas name it: network.layers[k] for /network/layers/0/weights. */
export function pathAbove(pointer: string): string {
  const [, ...keys] = pointer
    .slice(0, pointer.lastIndexOf('/'))
    .replaceAll(/\/\d+(?=\/|$)/g, '[k]')
    .split('/');
  return keys.join('.');
}
