// Shared by the tests of the pool: requests of all sizes, as tasks.
import type { GradientsRequest } from '../../schemas/gradients.ts';
import type { Task } from '../../src/operations/answer.ts';
import type { Registry } from '../../src/operations/operation.ts';
import { operations } from '../../src/operations/registry.ts';

/** The operations of the service. */
export const registry: Registry = { module: import.meta.resolve('../../src/operations/registry.ts'), operations };

export const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));

/** A request whose body is too large for the event loop. */
export const large: GradientsRequest = {
  network: { layers: [{ weights: ones(200, 200) }] },
  batch: { inputs: ones(1, 200), targets: ones(1, 200) },
};

/** An expensive request with a small body, for a thread; its loss is 255². */
export const demanding: GradientsRequest = {
  network: { layers: [{ weights: ones(256, 1) }, { weights: ones(1, 256) }] },
  batch: { inputs: ones(256, 1), targets: ones(256, 1) },
};

/** A request that keeps a thread busy longer than any test; with ml-matrix, for minutes. */
export const endless = JSON.stringify({
  network: { layers: Array.from({ length: 60 }, () => ({ weights: ones(300, 300) })) },
  batch: { inputs: ones(300, 300), targets: ones(300, 300) },
});

export function taskOf(request: object | string): Task {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  const bytes = new Uint8Array(Buffer.from(text));
  return { operation: 'gradients', bytes, mediaType: 'application/json', answerType: 'application/json' };
}

/** The reason of a rejection; undefined if there is none. */
export function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error) => error,
  );
}
