// Begins to listen, and explains why that fails.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../schemas/config.ts';

/**
 * Listens on SOCKET if it is set, otherwise on HOST and PORT. Every user who may enter the folder of the socket may connect.
 * @throws Error with a one-line message that names the setting to change; then the application is closed.
 */
export async function listen(app: FastifyInstance, { HOST, PORT, SOCKET }: Config): Promise<void> {
  try {
    await app.listen(SOCKET ? { path: SOCKET, readableAll: true, writableAll: true } : { host: HOST, port: PORT });
  } catch (error) {
    // The threads would keep the process alive.
    await app.close();
    throw SOCKET
      ? new Error(`SOCKET: expected a path where a file can be made and none is, got ${SOCKET} (${(error as Error).message})`)
      : explained(error, { HOST, PORT });
  }
}

/** Why a server cannot listen, in one line that names the setting to change. */
export function explained(error: unknown, { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    EADDRINUSE: `PORT: expected a free port of ${HOST}, got ${PORT}: another process has it`,
    EACCES: `PORT: expected a port that this user may listen on, such as 3000, got ${PORT}`,
  };
  const otherwise = `HOST: expected an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all, got ${JSON.stringify(HOST)}`;
  return new Error(`${reasons[`${code}`] ?? otherwise} (${message})`);
}
