// Chooses an engine when the process starts, and loads it in each thread.
import type { EngineName } from '../../schemas/config.ts';
import { Scratch } from '../memory/scratch.ts';
import type { Engine } from './engine.ts';
import { mlMatrix } from './ml-matrix.ts';
import { openblas } from './openblas.ts';
import { portable } from './portable.ts';

const engines = {
  openblas,
  portable,
  'ml-matrix': mlMatrix,
} satisfies Record<EngineName, (scratch: Scratch, library?: string) => Engine>;

/** A chosen engine, for loading the same one in another thread. */
export interface EngineChoice {
  readonly name: EngineName;
  /** For openblas: the shared library; by default, the usual names are tried. */
  readonly library?: string;
}

export interface ChosenEngine {
  readonly choice: EngineChoice;
  readonly engine: Engine;
  /** Why a faster engine was not chosen, in one line. */
  readonly refused?: string;
}

/**
 * Loads an engine with its own memory; each thread needs one.
 * @throws Error with a one-line message, if the engine does not work on this machine.
 */
export function loadEngine({ name, library }: EngineChoice, scratch = new Scratch()): Engine {
  return engines[name](scratch, library);
}

/**
 * Loads the engine `name`; `auto` is openblas if a working BLAS is found, otherwise portable.
 * @throws Error with a one-line message, if the named engine does not work on this machine.
 */
export function chooseEngine(name: EngineName | 'auto', library?: string): ChosenEngine {
  if (name !== 'auto') return chosen(name, library);
  try {
    return chosen('openblas', library);
  } catch (error) {
    return { ...chosen('portable'), refused: (error as Error).message };
  }
}

function chosen(name: EngineName, library?: string): ChosenEngine {
  const engine = loadEngine({ name, ...(library && { library }) });
  return { choice: { name, ...(engine.library && { library: engine.library }) }, engine };
}
