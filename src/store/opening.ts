// Opens the store of a configuration, and the catalog in it, when they are first needed, and sweeps them every hour from then on.
import type { Config } from '../../schemas/config.ts';
import { Datasets, type Options } from './datasets.ts';
import { openStore } from './open.ts';
import { Places } from './places.ts';
import type { Store } from './store.ts';

const SWEEP_MS = 3_600_000;

interface Log {
  error(error: unknown, message: string): void;
}

/** What others than datasets keep in the store. */
export interface Others extends Pick<Options, 'otherBytes' | 'pins'> {
  /** Removes what of it has expired. */
  readonly sweep?: () => Promise<void>;
}

export interface OpenCatalog {
  readonly catalog: Datasets;
  /** The store of the catalog. */
  readonly store: () => Promise<Store>;
  close(): Promise<void>;
}

/** The catalog of a configuration. Nothing is opened or made before it is used. */
export function openCatalog(config: Config, log: Log, others: Others = {}): OpenCatalog {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const sweep = async () => {
    try {
      await others.sweep?.();
      await catalog.sweep(Date.now());
    } catch (error) {
      // A sweep that the end has cut off is no fault: the next process sweeps again.
      if (!isClosed) log.error(error, 'the store could not be swept');
    }
  };
  let opened: Promise<Store> | undefined;
  const store = () => {
    opened ??= openStore(config.STORE).then((store) => {
      timer = setInterval(sweep, SWEEP_MS).unref();
      setImmediate(sweep);
      return store;
    });
    return opened;
  };
  const catalog = new Datasets({
    store,
    places: new Places(config.DATA_ALLOW),
    limits: config,
    ...others,
  });
  return {
    catalog,
    store,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await catalog.close();
    },
  };
}
