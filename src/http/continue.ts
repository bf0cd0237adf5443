// Expect: 100-continue, with which clients such as curl keep back a large body until they are told to send it.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** The requests whose clients have not been told yet. */
const kept = new WeakMap<IncomingMessage, ServerResponse>();

/** Node would have every body sent before its request's headers are looked at. */
export function keepBodiesBack(server: Server): void {
  server.on('checkContinue', (request, response) => {
    kept.set(request, response);
    server.emit('request', request, response);
  });
}

/** To be called before a body is read: has a client that keeps it back send it. */
export function askForBody(request: IncomingMessage): void {
  kept.get(request)?.writeContinue();
}
