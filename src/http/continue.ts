// Expect: 100-continue. Clients such as curl send a large body only after a 100 response.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests whose clients still wait for a 100 response. */
const kept = new WeakMap<IncomingMessage, ServerResponse>();

/** Delays the 100 response until `askForBody`; by default Node sends it before the headers are checked. */
export function keepBodiesBack(server: Server): void {
  server.on('checkContinue', (request, response) => {
    kept.set(request, response);
    server.emit('request', request, response);
  });
}

/** Call before reading a body: sends 100 if the client waits for it. */
export function askForBody(request: IncomingMessage): void {
  kept.get(request)?.writeContinue();
}
