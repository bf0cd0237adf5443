// Opens the catalog of a configuration when it is first needed, and sweeps it every hour from then on.
import type { Config } from '../../schemas/config.ts';
import { Datasets, type Options } from './datasets.ts';
import { openStore } from './open.ts';
import { Places } from './places.ts';

const SWEEP_MS = 3_600_000;

interface Log {
  error(error: unknown, message: string): void;
}

export interface OpenCatalog {
  readonly catalog: Datasets;
  close(): Promise<void>;
}

/** The catalog of a configuration. Nothing is opened or made before it is used. */
export function openCatalog(config: Config, log: Log, others: Pick<Options, 'otherBytes' | 'pins'> = {}): OpenCatalog {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const sweep = () =>
    catalog.sweep(Date.now()).catch((error) => {
      // A sweep that the end has cut off is no fault: the next process sweeps again.
      if (!isClosed) log.error(error, 'the store could not be swept');
    });
  const catalog = new Datasets({
    store: async () => {
      const store = await openStore(config.STORE);
      timer = setInterval(sweep, SWEEP_MS).unref();
      setImmediate(sweep);
      return store;
    },
    places: new Places(config.DATA_ALLOW ?? ''),
    limits: config,
    ...others,
  });
  return {
    catalog,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await catalog.close();
    },
  };
}
