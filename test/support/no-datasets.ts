// For a pool whose requests name no dataset.
import type { Source } from '../../src/pool/resident.ts';

export const noDatasets: Source = {
  get: async () => undefined,
  read: () => Promise.reject(new Error('there are no datasets')),
};
