// Keeps texts in the browser's database. Where a browser keeps nothing for pages, they last as long as the page.

const memory = new Map<string, string>();
let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const opening = indexedDB.open('gradients', 1);
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('kept'));
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () => reject(opening.error));
  });
  return opened;
}

async function run<Result>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result | undefined> {
  try {
    const store = (await open()).transaction('kept', mode).objectStore('kept');
    const acting = act(store);
    return await new Promise((resolve, reject) => {
      acting.addEventListener('success', () => resolve(acting.result));
      acting.addEventListener('error', () => reject(acting.error));
    });
  } catch {
    return undefined;
  }
}

export async function keep(key: string, text: string): Promise<void> {
  memory.set(key, text);
  await run('readwrite', (store) => store.put(text, key));
}

export async function kept(key: string): Promise<string | undefined> {
  return memory.get(key) ?? run<string>('readonly', (store) => store.get(key));
}

export async function forget(key: string): Promise<void> {
  memory.delete(key);
  await run('readwrite', (store) => store.delete(key));
}

/** Forgets the oldest of the texts whose keys begin with `prefix` and sort by age, but for so many. */
export async function prune(prefix: string, most: number): Promise<void> {
  const keys = (await run('readonly', (store) => store.getAllKeys())) ?? [];
  const old = keys.filter((key): key is string => typeof key === 'string' && key.startsWith(prefix)).sort();
  for (const key of old.slice(0, -most)) await forget(key);
}
