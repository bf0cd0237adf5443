// The choice of an engine, at the start of the process and of each of its threads.
import type { EngineName } from '../../schemas/config.ts';
import type { Engine } from './engine.ts';
import { mlMatrix } from './ml-matrix.ts';
import { openblas } from './openblas.ts';
import { portable } from './portable.ts';

const engines = {
  openblas,
  portable: () => portable,
  'ml-matrix': () => mlMatrix,
} satisfies Record<EngineName, (library?: string) => Engine>;

/** Which engine another thread is to load, to have the same as this one. */
export interface EngineChoice {
  readonly name: EngineName;
  /** Of the engine openblas; left out: the usual names. */
  readonly library?: string;
}

export interface ChosenEngine {
  readonly choice: EngineChoice;
  readonly engine: Engine;
  /** Why a better engine was not taken, in a line. */
  readonly refused?: string;
}

/** @throws Error that says, in a line, why the engine does not work here. */
export function loadEngine({ name, library }: EngineChoice): Engine {
  return engines[name](library);
}

/**
 * The engine called `name`; for `auto`, openblas where there is a BLAS that works, and otherwise portable.
 * @throws Error, in a line, if the engine asked for does not work here.
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
