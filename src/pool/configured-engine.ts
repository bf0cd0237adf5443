// The engine that the configuration names.
import type { Config } from '../../schemas/config.ts';
import { type ChosenEngine, chooseEngine } from '../linalg/engines.ts';

/** @throws Error with a one-line message, if the engine does not work on this machine. */
export function engineOf({ ENGINE, BLAS_LIBRARY }: Config): ChosenEngine {
  try {
    return chooseEngine(ENGINE, BLAS_LIBRARY);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`ENGINE, BLAS_LIBRARY: ${message}: install a BLAS and name it, or write ENGINE=auto`);
  }
}
