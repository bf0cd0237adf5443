// A request that every thread answers before the service is ready.
import { examples } from '../../schemas/examples.ts';
import type { Task } from '../operations/answer.ts';

export function warmUpTask(): Task {
  const text = JSON.stringify(examples.article.request);
  return { bytes: new Uint8Array(Buffer.from(text)), mediaType: 'application/json', accept: 'application/json' };
}
